// Whoever reads slowly gets the newest message of each type and topic.
#include <doctest/doctest.h>
#include <poll.h>
#include <zmq.h>

#include <atomic>
#include <dividere.hpp>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "endpoints.hpp"
#include "golden.pb.h"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/messages.hpp"
#include "support/notes.hpp"
#include "support/raw_socket.hpp"
#include "support/tcp.hpp"
#include "support/threads.hpp"
#include "support/thrown.hpp"

using namespace support;
using namespace dividere::messaging;
using dividere::Errc;

namespace {

constexpr int kQueue = 5;

/// What can be under way in the queues of both ends, and in what libzmq and the kernel read and write at once, of 1 KB each.
constexpr int kUnderWay = 100;

/// Short queues; a publisher with them waits for its subscribers, and so sends nothing more once they are full.
dividere::connection::SocketOptions shortQueues(bool waitWhenFull) {
  dividere::connection::SocketOptions options;
  options.sendQueue = options.receiveQueue = kQueue;
  options.kernelSendBuffer = options.kernelReceiveBuffer = 2048;
  options.waitWhenFull = waitWhenFull;
  return options;
}

SubscriberOptions latest(const dividere::connection::SocketOptions& socket = {}) {
  SubscriberOptions options;
  options.latest = true;
  options.socket = socket;
  return options;
}

/// Sends numbers from 1 on, as fast as it may, in a thread of its own.
class Source {
 public:
  explicit Source(Publisher& publisher) : publisher_(publisher), thread_([this] { run(); }) {}
  ~Source() { stop(); }

  void stop() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

  /// The last number that has been sent.
  int sent() const { return sent_; }

  /// False if nobody took what was sent before.
  bool sendsMore(int count) const {
    const int before = sent_;
    return eventually([&] { return sent_ >= before + count; });
  }

 private:
  void run() {
    const std::string text(1000, 'x');
    for (int number = 1; !stop_; ++number) {
      while (!stop_ && !publisher_.send(msg02(text, number), kShort)) {
      }
      sent_ = number;
    }
  }

  Publisher& publisher_;
  std::atomic<bool> stop_{false};
  std::atomic<int> sent_{0};
  std::thread thread_;
};

std::uint64_t all(const Subscriber& subscriber) {
  return subscriber.received() + subscriber.skipped() + subscriber.missed();
}

}  // namespace

TEST_CASE("a slow reader gets the newest message, however it reads") {
  Publisher publisher("tcp://*:*", shortQueues(true));
  Subscriber subscriber(meeting(publisher), types<Msg02>(), latest(shortQueues(false)));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  Source source(publisher);
  Msg02 reused;
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    REQUIRE(source.sendsMore(500));
    const int sent = source.sent();
    int read = 0;
    if (i % 4 == 0) read = subscriber.recv<Msg02>().field2();
    if (i % 4 == 1) read = dynamic_cast<Msg02&>(*subscriber.recv()).field2();
    if (i % 4 == 2) read = subscriber.recv<Msg02>(kLimit).value_or(msg02(0)).field2();
    if (i % 4 == 3) {
      REQUIRE(subscriber.wait(kLimit));
      subscriber.recvInto(reused);
      read = reused.field2();
    }
    CHECK(read > sent - kUnderWay);
  }
  source.stop();
  const int last = source.sent();
  REQUIRE(eventually([&] {
    subscriber.recv(kNow);
    return all(subscriber) + 1 >= static_cast<std::uint64_t>(last);  // the very last may have been given up
  }));
  CHECK(subscriber.missed() == 0);
  CHECK(subscriber.skipped() > subscriber.received());
}

TEST_CASE("received, skipped and missed are all that was sent, also when the publisher drops") {
  std::uint64_t told = 0;
  SubscriberOptions options = latest(shortQueues(false));
  options.onMissed = [&](const Missed& missed) {
    CHECK(missed.type == "Msg02");
    told += missed.count;
  };
  Publisher publisher("tcp://*:*", shortQueues(false));
  Subscriber subscriber(meeting(publisher), {}, options);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  std::uint64_t sent = 0;
  const std::string text(1000, 'x');
  for (; sent < 20000; ++sent) {
    publisher.send(msg02(text, static_cast<int>(sent)));
    if (sent % 1000 == 0) subscriber.recv<Msg02>(kNow);
  }
  // One that has come for certain, and so tells of what was missed before it.
  const auto readsLast = [&] {
    publisher.send(msg02("last", static_cast<int>(++sent)));
    const auto message = subscriber.recv<Msg02>(kShort);
    return message && message->field2() == static_cast<int>(sent);
  };
  REQUIRE(eventually(readsLast));
  CHECK(all(subscriber) == sent);
  CHECK(told == subscriber.missed());
  CHECK(subscriber.skipped() > 0);
}

TEST_CASE("each type and topic has its newest message, and they take turns") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), {}, latest());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  for (int i = 1; i <= 10; ++i) {
    publisher.send(msg02(i), topic("b"));
    publisher.send(msg02(100 + i), topic("a"));
    publisher.send(msg02(200 + i));
  }
  publisher.send(msg01("another type"));
  publisher.send(msg02(11), topic("b"));
  REQUIRE(eventually([&] { return subscriber.skipped() == 28; }));
  CHECK(subscriber.recv<Msg02>().field2() == 11);
  CHECK(subscriber.topic() == topic("b"));
  CHECK(subscriber.recv<Msg02>().field2() == 110);
  CHECK(subscriber.topic() == topic("a"));
  publisher.send(msg02(12), topic("b"));  // has had its turn: behind those that wait
  CHECK(subscriber.recv<Msg02>().field2() == 210);
  CHECK(subscriber.topic().empty());
  CHECK(subscriber.recv<Msg01>().field1() == "another type");
  CHECK(subscriber.recv<Msg02>().field2() == 12);
  CHECK_FALSE(subscriber.wait(kNow));
  CHECK_FALSE(subscriber.recv<Msg02>(kNow));
  CHECK(subscriber.recv(kNow) == nullptr);
  CHECK(subscriber.received() == 5);
  CHECK(subscriber.missed() == 0);
}

TEST_CASE("a reader that keeps up skips nothing, on every transport") {
  for (const std::string& endpoint : endpointsToBind()) {
    CAPTURE(endpoint);
    Publisher publisher(endpoint);
    Subscriber subscriber(meeting(publisher), {}, latest());
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    for (int i = 1; i <= 100; ++i) {
      publisher.send(msg02(i));
      CHECK(subscriber.recv<Msg02>().field2() == i);
    }
    CHECK(subscriber.received() == 100);
    CHECK(subscriber.skipped() == 0);
  }
}

TEST_CASE("a reader that waits already is woken") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), {}, latest());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  auto reading = std::async(std::launch::async, [&] { return subscriber.recv<Msg02>().field2(); });
  publisher.send(msg02(1));
  CHECK(reading.get() == 1);
}

TEST_CASE("the newest message follows subscriptions that change") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), types<Msg01>(), latest());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  subscriber.subscribe<Msg02>();
  REQUIRE(eventually([&] {
    publisher.send(msg02(1));
    return subscriber.wait(kNow);
  }));
  subscriber.unsubscribe<Msg02>();
  REQUIRE(eventually([&] {
    subscriber.recv(kNow);
    publisher.send(msg02(2));
    publisher.send(msg01("still"));
    const auto next = subscriber.recv(kLimit);
    return next && next->GetTypeName() == "Msg01" && !subscriber.wait(kNow);
  }));
}

TEST_CASE("a message of several frames is an error, and the newest one comes after it") {
  RawSocket publisher(ZMQ_XPUB);
  Subscriber subscriber(publisher.bind(), {}, latest());
  while (publisher.recv().value().front().find("\x01\xFF") != 0) {
  }
  const std::string envelope = ProtoBuffEncoder().encode(msg02(7));
  publisher.send({envelope, "and more"});
  publisher.send({envelope});
  REQUIRE(subscriber.wait(kLimit));
  CHECK(codeOf([&] { subscriber.recv<Msg02>(kLimit); }) == Errc::malformed);
  CHECK(subscriber.recv<Msg02>(kLimit).value_or(msg02(0)).field2() == 7);
}

TEST_CASE("a reactor whose handler is slow gets the newest message next") {
  Publisher publisher("tcp://*:*", shortQueues(true));
  std::optional<Source> source;
  std::atomic<int> handled{0};
  std::atomic<bool> isNewest{true};
  dividere::reactor::MtMsgReactor reactor;
  std::promise<void> done;
  Event begun;
  int sent = 0;
  reactor.add(Subscriber(meeting(publisher), {}, latest(shortQueues(false)))).on([&](const Msg02& message) {
    begun.wait();
    if (message.field2() <= sent - kUnderWay) isNewest = false;
    if (++handled == 10) done.set_value();
    if (handled >= 10) return;
    if (!source->sendsMore(500)) isNewest = false;
    sent = source->sent();
  });
  reactor.start();
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  source.emplace(publisher);
  begun.happen();
  CHECK(done.get_future().wait_for(kLimit) == std::future_status::ready);
  CHECK(isNewest);
  source->stop();
  reactor.stop();
}

TEST_CASE("a reactor misses no signal of messages that come one at a time") {
  Publisher publisher("tcp://*:*");
  std::atomic<int> last{0};
  dividere::reactor::MtMsgReactor reactor;
  reactor.add(Subscriber(meeting(publisher), {}, latest())).on([&](const Msg02& message) { last = message.field2(); });
  reactor.start();
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  for (int i = 1; i <= 3000; ++i) {
    publisher.send(msg02(i));
    REQUIRE(eventually([&] { return last == i; }));
  }
  reactor.stop();
}

TEST_CASE("a reader of the newest messages may be moved and replaced while they come") {
  Publisher publisher("tcp://*:*");
  Subscriber first(meeting(publisher), {}, latest());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  Source source(publisher);
  Subscriber moved(std::move(first));
  CHECK(moved.recv<Msg02>(kLimit));
  CHECK(codeOf([&] { first.recv(kNow); }) == Errc::movedFrom);
  Subscriber other(meeting(publisher), {}, latest());
  other = std::move(moved);
  CHECK(other.recv<Msg02>(kLimit));
  other = Subscriber(meeting(publisher), {}, latest());
  CHECK(other.recv<Msg02>(kLimit));
}

TEST_CASE("one thread empties the queues of all who read the newest messages, and ends with the last of them") {
  REQUIRE(eventually([] { return threads("dividere-fresh") == 0; }));
  Publisher publisher("tcp://*:*");
  {
    Subscriber one(meeting(publisher), {}, latest()), other(meeting(publisher), {}, latest());
    CHECK(threads("dividere-fresh") == 1);
    REQUIRE(publisher.waitForSubscribers(2, kLimit));
    publisher.send(msg02(1));
    CHECK(one.recv<Msg02>(kLimit));
    CHECK(other.recv<Msg02>(kLimit));
  }
  CHECK(eventually([] { return threads("dividere-fresh") == 0; }));
}

TEST_CASE("nobody else touches a native socket that was lent, and its messages are still read") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), {}, latest());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg02(1));
  REQUIRE(subscriber.wait(kLimit));
  REQUIRE(subscriber.native());
  CHECK(eventually([] { return threads("dividere-fresh") == 0; }));
  CHECK(subscriber.recv<Msg02>(kLimit).value_or(msg02(0)).field2() == 1);
  publisher.send(msg02(2));
  CHECK(subscriber.recv<Msg02>(kLimit).value_or(msg02(0)).field2() == 2);
  publisher.send(msg02(3));
  CHECK(subscriber.wait(kLimit));
  CHECK(subscriber.recv<Msg02>().field2() == 3);

  std::promise<int> handled;
  dividere::reactor::MtMsgReactor reactor;
  reactor.add(std::move(subscriber)).on([&](const Msg02& message) { handled.set_value(message.field2()); });
  reactor.start();
  publisher.send(msg02(4));
  CHECK(handled.get_future().get() == 4);
}

TEST_CASE("a reader of the newest messages follows its publisher when that is started anew") {
  const std::uint16_t port = dividere::connection::PortManager::acquire();
  auto publisher = std::make_unique<Publisher>("tcp://*:" + std::to_string(port));
  SubscriberOptions options = latest();
  options.socket.reconnect = std::chrono::milliseconds(10);
  Subscriber subscriber(meeting(*publisher), {}, options);
  REQUIRE(publisher->waitForSubscribers(1, kLimit));
  publisher->send(msg02(1));
  CHECK(subscriber.recv<Msg02>().field2() == 1);
  publisher.reset();
  publisher = std::make_unique<Publisher>("tcp://*:" + std::to_string(port));
  REQUIRE(publisher->waitForSubscribers(1, kLimit));
  publisher->send(msg02(2));
  CHECK(subscriber.recv<Msg02>().field2() == 2);
  dividere::connection::PortManager::release(port);
}

TEST_CASE("a forked child leaves its parent's newest messages alone") {
  if (!kCanForkAmidAllocations) return;
  Publisher publisher("tcp://*:*");
  auto subscriber = std::make_unique<Subscriber>(meeting(publisher), std::vector<std::string>(), latest());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  Source source(publisher);
  CHECK(subscriber->recv<Msg02>(kLimit));
  for (int i = 0; i < 10; ++i) {
    CHECK(inFork([&] {
            expect(codeOf([&] { subscriber->recv(kNow); }) == Errc::otherProcess, "an error in the child");
            subscriber.reset();
            Publisher own("inproc://own");
            Subscriber ownSubscriber("inproc://own", {}, latest());
            own.waitForSubscribers(1, kLimit);
            own.send(msg02(5));
            expect(ownSubscriber.recv<Msg02>(kLimit).has_value(), "one of its own");
          }) == "");
  }
  CHECK(subscriber->recv<Msg02>(kLimit));
}

TEST_CASE("a loop of one's own is told of the newest messages, and of no more once they are received") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(meeting(publisher), types<Msg02>(), latest());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const auto isReadable = [&](std::chrono::milliseconds limit) {
    pollfd wait{subscriber.descriptor(), POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(limit.count())) > 0;
  };
  CHECK_FALSE(isReadable(kNow));
  publisher.send(Msg02());
  CHECK(isReadable(kLimit));
  CHECK(subscriber.recv<Msg02>(kNow));
  CHECK_FALSE(isReadable(kNow));
}
