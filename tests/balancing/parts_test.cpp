// Parts ahead of a reply, and replies that come later, by way of a broker.

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kit.hpp"
#include "support/log_capture.hpp"

using namespace kit;
using dividere::CallOptions;
using dividere::reactor::Later;
using dividere::reactor::Sender;

namespace {

constexpr std::uint32_t kCancel = 1, kParts = 2;

Frames streamRequest(char number, int parts, bool isRepeatable = true, std::uint32_t timeoutMs = 0) {
  msgEnvelope request;
  REQUIRE(request.ParseFromString(envelope(msg02("stream", parts))));
  request.set_takesparts(true);
  request.set_timeoutms(timeoutMs);
  request.set_notrepeatable(!isRepeatable);
  return {correlation('c', number), request.SerializeAsString()};
}

Frames credit(char number, std::uint32_t parts) {
  Credit made;
  made.set_parts(parts);
  return {correlation('c', number), envelope(made)};
}

Frames cancel(char number) { return {correlation('c', number), envelope(CancelCall())}; }

std::string part(std::uint32_t number) {
  msgEnvelope made;
  REQUIRE(made.ParseFromString(envelope(msg01("part " + std::to_string(number)))));
  made.set_part(number);
  made.set_more(true);
  return made.SerializeAsString();
}

/// The number of a part; 0: it is none.
std::uint32_t partOf(const std::optional<Frames>& message) {
  msgEnvelope opened;
  if (!message || !opened.ParseFromString(message->back())) return 0;
  return opened.more() ? opened.part() : 0;
}

/// Parts up to this number, from the one after `first`.
bool receives(RawSocket& client, char number, std::uint32_t first, std::uint32_t last) {
  for (std::uint32_t i = first + 1; i <= last; ++i) {
    const auto message = client.recv();
    if (!message || message->front() != correlation('c', number) || partOf(message) != i) return false;
  }
  return true;
}

/// Sends as many parts as the request says, and then the request as the reply.
void count(const Msg02& request, Sender& sender) {
  for (int i = 1; i <= request.field2(); ++i) sender.sendPart(msg02("part", i));
  sender.send(request);
}

struct Counter : Worker {
  explicit Counter(const Broker& broker, std::uint32_t capacity = 1) : Worker(back(broker), withCapacity(capacity)) {
    on(count);
    start();
  }
};

/// A worker as of this version that does nothing that it is not told.
struct NewWorker : RawWorker {
  explicit NewWorker(const Broker& broker, std::uint32_t features = kCancel | kParts, std::uint32_t capacity = 1)
      : RawWorker(broker) {
    Heartbeat beat;
    beat.set_id("new");
    beat.set_capacity(capacity);
    beat.set_registration(true);
    beat.set_features(features);
    send({envelope(beat)});
  }
};

/// Laters from a handler to the test's thread.
class Kept {
 public:
  void add(Later&& later) { laters_.add(std::make_shared<Later>(std::move(later))); }
  std::shared_ptr<Later> at(std::size_t index) {
    REQUIRE(laters_.reach(index + 1));
    return laters_.all()[index];
  }

 private:
  Notes<std::shared_ptr<Later>> laters_;
};

struct Deferring {
  Kept kept;
  Worker worker;
  explicit Deferring(const Broker& broker, std::uint32_t capacity = 1) : worker(back(broker), withCapacity(capacity)) {
    worker.on([this](const Msg01& m, Sender& sender) {
      if (m.field1() == "now") return sender.send(m);
      kept.add(sender.defer());
    });
    worker.start();
  }
};

}  // namespace

TEST_CASE("a client reads a worker's stream through a broker, in order, and then its reply") {
  Broker broker(0, 0, calm());
  Counter worker(broker);
  Client client(front(broker), patient());
  for (int round = 0; round < 2; ++round) {
    auto stream = client.stream<Msg02>(msg02("stream", 500), kLimit);
    int expected = 0;
    for (const Msg02& each : stream) CHECK(each.field2() == ++expected);
    CHECK(expected == 500);
    CHECK(stream.reply<Msg02>()->field2() == 500);
  }
  CHECK(client.call<Msg02>(msg02("plain", 5))->field2() == 5);  // takes none
  CHECK(broker.stats().replied == 3);
  CHECK(addsUp(broker.stats()));
}

TEST_CASE("32 parts come through a broker, and more as the client gives credit, which is that request's own") {
  Broker broker(0, 0, calm());
  Counter worker(broker), other(broker);
  RawDealer client(broker);
  client.send(streamRequest(1, 3000));
  CHECK(receives(client, 1, 0, 32));
  CHECK_FALSE(client.recv(20ms));
  CHECK(broker.stats().inFlight == 1);
  client.send(credit(2, 10));
  client.send(credit(1, 1));
  CHECK(receives(client, 1, 32, 33));
  client.send(streamRequest(2, 40));
  CHECK(receives(client, 2, 0, 32));  // whatever becomes of the other
  CHECK_FALSE(client.recv(20ms));
  client.send(credit(2, 8));
  CHECK(receives(client, 2, 32, 40));
  const auto reply = client.recv();
  CHECK(partOf(reply) == 0);
  REQUIRE(reply);
  CHECK(reply->front() == correlation('c', 2));
  client.send(credit(1, 0xFFFFFFFF));  // more than is told to the worker at once
  client.send(credit(1, 0xFFFFFFFF));
  CHECK(receives(client, 1, 33, 3000));
  REQUIRE(client.recv());
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.replied == 2 && s.inFlight == 0; }));
}

TEST_CASE("a stream that is cancelled or out of time ends at its source, in the worker") {
  support::LogCapture quiet;
  Broker broker(0, 0, calm());
  Notes<std::error_code> ends;
  Worker worker(back(broker));
  worker.on([&](const Msg02& request, Sender& sender) {
    ends.add(codeOf([&] { count(request, sender); }));
    throw std::runtime_error("ended");
  });
  worker.start();
  RawDealer client(broker);
  client.send(streamRequest(1, 1000));
  CHECK(receives(client, 1, 0, 32));
  client.send(cancel(1));
  CHECK(ends.reachOne(Errc::cancelled));
  client.send(streamRequest(2, 1000, true, 1000));
  CHECK(receives(client, 2, 0, 32));
  CHECK(ends.reachOne(Errc::deadlinePassed));
  const auto told = client.recv();
  REQUIRE(told);
  CHECK(text(told->back()) == "error 3");
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.inFlight == 0 && s.cancelled == 1 && addsUp(s); }));
}

TEST_CASE("a stream whose client has gone ends at its source") {
  support::LogCapture quiet;
  Broker broker(0, 0, brisk());
  Notes<std::error_code> ends;
  Worker worker(back(broker), withHeartbeat(50ms));
  worker.on([&](const Msg02& request, Sender& sender) {
    ends.add(codeOf([&] { count(request, sender); }));
    throw std::runtime_error("ended");
  });
  worker.start();
  {
    RawDealer client(broker);
    client.send(streamRequest(1, 1000));
    CHECK(receives(client, 1, 0, 32));
  }
  CHECK(ends.reachOne(Errc::cancelled));
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.inFlight == 0 && s.cancelled == 1 && addsUp(s); }));
}

TEST_CASE("a worker that sends more parts than it may ends its request with an error, and is told to stop") {
  Broker broker(0, 0, calm());
  NewWorker worker(broker);
  RawDealer client(broker);
  client.send(streamRequest(1, 1));
  const auto given = worker.request();
  REQUIRE(given);
  for (std::uint32_t i = 1; i <= 40; ++i) worker.reply(*given, part(i));
  CHECK(receives(client, 1, 0, 32));
  const auto told = client.recv();
  REQUIRE(told);
  CHECK(text(told->back()) == "error 3");
  CHECK(worker.request() == Frames{given->front(), correlation('c', 1), envelope(CancelCall())});
  worker.reply(*given, envelope(msg01("done")));
  CHECK_FALSE(client.recv(20ms));
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.errors == 1 && s.late == 1; }));
}

TEST_CASE("a stream begins anew where its worker dies, unless it is not repeatable") {
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  bool isRepeatable = false;
  SUBCASE("repeatable") { isRepeatable = true; }
  SUBCASE("not repeatable"){} {
    NewWorker dying(broker);
    client.send(streamRequest(1, 40, isRepeatable));
    const auto given = dying.request();
    REQUIRE(given);
    for (std::uint32_t i = 1; i <= 5; ++i) dying.reply(*given, part(i));
    CHECK(receives(client, 1, 0, 5));
  }
  if (isRepeatable) {
    Counter worker(broker);
    CHECK(receives(client, 1, 0, 32));
    client.send(credit(1, 8));
    CHECK(receives(client, 1, 32, 40));
  }
  const auto end = client.recv();
  REQUIRE(end);
  CHECK(text(end->back()) == (isRepeatable ? "stream" : "error 4"));
}

TEST_CASE(
    "a client whose stream's worker dies reads the parts of the next one from the first where it says so, or learns "
    "why not") {
  Broker broker(0, 0, calm());
  Client client(front(broker), patient());
  std::optional<NewWorker> dying(std::in_place, broker);
  bool isRepeatable = false;
  SUBCASE("allowed") { isRepeatable = true; }
  SUBCASE("by default") {}
  const auto request = msg02("stream", 3);
  auto stream =
      isRepeatable ? client.stream<Msg02>(request, kLimit, CallOptions()) : client.stream<Msg02>(request, kLimit);
  const auto given = dying->request();
  REQUIRE(given);
  msgEnvelope first;
  REQUIRE(first.ParseFromString(envelope(msg02("part", 7))));
  first.set_part(1);
  first.set_more(true);
  dying->reply(*given, first.SerializeAsString());
  REQUIRE(stream.next());
  dying.reset();
  if (!isRepeatable) {
    CHECK(codeOf([&] { stream.next(); }) == Errc::gaveUp);
    return;
  }
  Counter worker(broker);
  for (int i = 1; i <= 3; ++i) {
    Msg02* const next = stream.next();
    REQUIRE(next);
    CHECK(next->field2() == i);
  }
  CHECK_FALSE(stream.next());
}

TEST_CASE("a stream that had no part yet goes to another worker, as any request") {
  Broker broker(0, 0, calm());
  Client client(front(broker), patient());
  std::optional<NewWorker> dying(std::in_place, broker);
  auto stream = client.stream<Msg02>(msg02("stream", 3), kLimit);
  REQUIRE(dying->request());
  dying.reset();
  Counter worker(broker);
  int expected = 0;
  for (const Msg02& each : stream) CHECK(each.field2() == ++expected);
  CHECK(expected == 3);
}

TEST_CASE("a hundred streams of one client come through a broker at once, each whole and in order") {
  constexpr int kStreams = 100, kPartsEach = 200;
  Broker broker(0, 0, calm());
  Worker worker(back(broker), withCapacity(kStreams));
  std::atomic<int> sent{0};
  std::vector<std::thread> senders;
  worker.on([&](const Msg02& request, Sender& sender) {
    senders.emplace_back([&sent, request, later = sender.defer()]() mutable {
      for (int i = 1; i <= request.field2(); ++i, ++sent) later.sendPart(msg02(request.field1(), i));
      later.send(request);
    });
  });
  worker.start();
  Client client(front(broker), patient());
  std::vector<dividere::Stream<Msg02>> streams;
  for (int i = 0; i < kStreams; ++i) {
    streams.push_back(client.stream<Msg02>(msg02(std::to_string(i), kPartsEach), 10 * kLimit));
  }
  CHECK(eventually([&] { return sent == kStreams * 32; }));  // none is read yet
  for (int part = 1; part <= kPartsEach; ++part) {
    for (int i = 0; i < kStreams; ++i) {
      Msg02* const next = streams[static_cast<std::size_t>(i)].next();
      REQUIRE(next);
      REQUIRE(next->field1() == std::to_string(i));
      REQUIRE(next->field2() == part);
    }
  }
  for (auto& stream : streams) CHECK(stream.reply<Msg02>()->field2() == kPartsEach);
  worker.stop();
  for (auto& sender : senders) sender.join();
}

TEST_CASE("a Worker's stream ends with its connection to the broker, and nothing more is said of it") {
  support::LogCapture quiet;
  std::optional<Broker> broker(std::in_place, 0, 0, calm());
  const auto frontPort = broker->frontPort(), backPort = broker->backPort();
  Notes<std::error_code> ends;
  std::thread sending;
  Worker worker(back(*broker), withCapacity(2));
  worker.on([&](const Msg02& request, Sender& sender) {
    if (request.field2() < 100) return sender.send(request);
    sending = std::thread([&, request, later = sender.defer()]() mutable {
      ends.add(codeOf([&] {
        for (int i = 1; i <= request.field2(); ++i) later.sendPart(msg02("part", i));
      }));
    });
  });
  worker.on([&](const Msg01& request, Sender& sender) {
    ends.add(codeOf([&] {
      for (int i = 1; i <= 100; ++i) sender.sendPart(request);
    }));
  });
  worker.start();
  RawDealer client(*broker);
  client.send(streamRequest(1, 1000));
  CHECK(receives(client, 1, 0, 32));
  msgEnvelope request;
  REQUIRE(request.ParseFromString(envelope(msg01("from the handler"))));
  request.set_takesparts(true);
  client.send({correlation('c', 2), request.SerializeAsString()});
  CHECK(receives(client, 2, 0, 32));
  broker.emplace(frontPort, backPort, calm());
  REQUIRE(ends.reach(2));
  CHECK(ends.all() == std::vector<std::error_code>(2, Errc::cancelled));
  sending.join();
  REQUIRE(broker->waitForWorkers(1, kLimit));
  Client next(front(*broker), patient());
  CHECK(next.call<Msg02>(msg02("", 1))->field2() == 1);
  CHECK((broker->stats().late == 0 && broker->stats().junk == 0));
}

TEST_CASE("parts, and a reply, that a worker sends by another connection than those before are no more the stream's") {
  support::LogCapture quiet;
  Broker broker(0, 0, calm());
  Heartbeat beat;
  beat.set_id("same");
  beat.set_capacity(1);
  beat.set_registration(true);
  beat.set_features(kCancel | kParts);
  RawSocket former(ZMQ_DEALER), latter(ZMQ_DEALER);
  for (RawSocket* each : {&former, &latter}) each->set(ZMQ_ROUTING_ID, "same");
  former.connect(back(broker));
  former.send({envelope(beat)});
  RawDealer client(broker);
  client.send(streamRequest(1, 3));
  auto given = former.recv();
  while (given && given->size() == 1) given = former.recv();
  REQUIRE(given);
  const auto reply = [&](RawSocket& worker, const std::string& payload) {
    Frames frames = *given;
    frames.back() = payload;
    worker.send(frames);
  };
  reply(former, part(1));
  CHECK(receives(client, 1, 0, 1));
  latter.connect(back(broker));
  bool isReply = false;
  SUBCASE("a part") {}
  SUBCASE("a reply") { isReply = true; }
  reply(latter, isReply ? envelope(msg01("done")) : part(3));
  const auto again = latter.recv();
  REQUIRE(again);
  CHECK((*again)[0] != (*given)[0]);  // it has it anew
  given = again;
  reply(latter, part(1));
  reply(latter, envelope(msg01("done")));
  CHECK(receives(client, 1, 0, 1));
  CHECK(client.recv());
}

TEST_CASE("a client that retries its stream by another connection gets it from the first part") {
  support::LogCapture quiet;
  Broker broker(0, 0, calm());
  Counter worker(broker), other(broker);
  RawDealer former(broker), client(broker);
  former.send(streamRequest(1, 40));
  CHECK(receives(former, 1, 0, 32));
  client.send(streamRequest(1, 40));
  CHECK(receives(client, 1, 0, 32));
  client.send(credit(1, 8));
  CHECK(receives(client, 1, 32, 40));
  CHECK(client.recv());
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.cancelled == 1 && s.replied == 1 && addsUp(s); }));
}

TEST_CASE("a broker that knows no parts gets none from a Worker") {
  RawSocket router(ZMQ_ROUTER);
  Worker worker(router.bind());
  worker.on(count);
  worker.start();
  const auto registered = router.recv();
  REQUIRE(registered);
  const std::string token = std::string("\0dividere", 9) + std::string(16, '\1');
  const Frames request = streamRequest(1, 10);
  router.send({registered->front(), token, request.front(), request.back()});
  for (;;) {
    const auto reply = router.recv();
    REQUIRE(reply);
    if (reply->size() < 3) continue;  // a sign of life
    CHECK(partOf(reply) == 0);
    CHECK(text(reply->back()) == "stream");
    break;
  }
}

// --- Replies that come later ---

TEST_CASE("a Worker's handler leaves its reply to another thread, and counts as busy until that has sent it") {
  Broker broker(0, 0, calm());
  Deferring deferring(broker, 2);
  RawDealer client(broker);
  client.send({correlation('c', 1), envelope(msg01("later"))});
  const auto first = deferring.kept.at(0);
  client.send({correlation('c', 2), envelope(msg01("now"))});
  auto reply = client.recv();
  REQUIRE(reply);
  CHECK(reply->front() == correlation('c', 2));
  client.send({correlation('c', 3), envelope(msg01("later"))});
  const auto third = deferring.kept.at(1);
  client.send({correlation('c', 4), envelope(msg01("now"))});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == 1 && s.inFlight == 2; }));
  std::thread([&] { third->send(msg01("third")); }).join();
  for (const char number : {char{3}, char{4}}) {
    reply = client.recv();
    REQUIRE(reply);
    CHECK(reply->front() == correlation('c', number));
  }
  first->send(msg01("first"));
  reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "first");
  CHECK(codeOf([&] { first->send(msg01("twice")); }) == Errc::outOfTurn);
}

TEST_CASE(
    "a Worker's Later that is destroyed without a reply tells the client, and one whose request is cancelled nobody") {
  support::LogCapture quiet;
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  Event deferred, release;
  std::thread ending;
  worker.on([&](const Msg01& m, Sender& sender) {
    auto later = sender.defer();
    if (m.field1() != "cancelled") return;
    sender.onCancel([&] { release.happen(); });
    ending = std::thread([&, later = std::move(later)] { release.wait(); });
    deferred.happen();
  });
  worker.start();
  RawDealer client(broker);
  client.send({correlation('c', 1), envelope(msg01("dropped"))});
  const auto told = client.recv();
  REQUIRE(told);
  CHECK(text(told->back()) == "error 3");
  client.send({correlation('c', 2), envelope(msg01("cancelled"))});
  REQUIRE(deferred.wait());
  client.send(cancel(2));
  CHECK(release.wait());
  if (ending.joinable()) ending.join();
  client.send({correlation('c', 3), envelope(msg01("dropped"))});  // there is room again
  const auto next = client.recv();
  REQUIRE(next);
  CHECK(next->front() == correlation('c', 3));
  CHECK(reaches(broker, [](const BrokerStats& s) { return s.cancelled == 1 && s.errors == 2 && s.inFlight == 0; }));
}

TEST_CASE("a Later sends the parts of a stream through a broker from any thread") {
  Broker broker(0, 0, calm());
  Worker worker(back(broker));
  std::thread sending;
  Event begun;
  worker.on([&](const Msg02& request, Sender& sender) {
    sender.sendPart(msg02("part", 1));
    sending = std::thread([request, later = sender.defer()]() mutable {
      for (int i = 2; i <= request.field2(); ++i) later.sendPart(msg02("part", i));
      later.send(request);
    });
    begun.happen();
  });
  worker.start();
  Client client(front(broker), patient());
  int expected = 0;
  for (const Msg02& each : client.stream<Msg02>(msg02("stream", 300), kLimit)) CHECK(each.field2() == ++expected);
  CHECK(expected == 300);
  REQUIRE(begun.wait());
  sending.join();
}

TEST_CASE("what a Worker that stops has left to Laters goes to another one, and who must not be repeated is told") {
  support::LogCapture quiet;
  Broker broker(0, 0, calm());
  std::optional<Deferring> deferring(std::in_place, broker, 2);
  RawDealer client(broker);
  client.send({correlation('c', 1), envelope(msg01("repeatable"))});
  msgEnvelope once;
  REQUIRE(once.ParseFromString(envelope(msg01("once"))));
  once.set_notrepeatable(true);
  client.send({correlation('c', 2), once.SerializeAsString()});
  const auto first = deferring->kept.at(0), second = deferring->kept.at(1);
  deferring->worker.stop();
  const auto told = client.recv();
  REQUIRE(told);
  CHECK(told->front() == correlation('c', 2));
  CHECK(text(told->back()) == "error 9");
  CHECK(codeOf([&] { first->send(msg01("too late")); }) == Errc::stopping);
  deferring.reset();
  CHECK(codeOf([&] { second->send(msg01("too late")); }) == Errc::stopping);
  RawWorker next(broker);
  next.beatTyped();
  const auto given = next.request();
  REQUIRE(given);
  CHECK(text(given->back()) == "repeatable");
}

TEST_CASE("a Worker that is stopped in the middle of a stream that is not read leaves it to another one") {
  support::LogCapture quiet;
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  {
    Counter stopped(broker);
    client.send(streamRequest(1, 33));
    CHECK(receives(client, 1, 0, 32));
    stopped.stop();
  }
  Counter next(broker);
  CHECK(receives(client, 1, 0, 32));
  client.send(credit(1, 1));
  CHECK(receives(client, 1, 32, 33));
  const auto reply = client.recv();
  REQUIRE(reply);
  CHECK(text(reply->back()) == "stream");
}
