// What a subscriber missed is counted: received + missed = sent, for each publisher, type and topic.
#include <doctest/doctest.h>

#include <dividere.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "endpoints.hpp"
#include "fields.hpp"
#include "golden.pb.h"
#include "support/log_capture.hpp"
#include "support/messages.hpp"
#include "support/tcp.hpp"

using namespace support;
using namespace dividere::messaging;

namespace {

/// Queues so short that a reader who waits misses most of what is sent.
dividere::connection::SocketOptions shortQueues() {
  dividere::connection::SocketOptions options;
  options.sendQueue = options.receiveQueue = 5;
  options.kernelSendBuffer = options.kernelReceiveBuffer = 2048;
  return options;
}

SubscriberOptions noting(std::vector<Missed>& gaps, const dividere::connection::SocketOptions& socket = {}) {
  SubscriberOptions options;
  options.onMissed = [&gaps](const Missed& missed) { gaps.push_back(missed); };
  options.socket = socket;
  return options;
}

/// Reads until a message with this number has come.
void readUpTo(Subscriber& subscriber, int number) {
  while (subscriber.recv<Msg02>().field2() != number) {
  }
}

/// Sends until the last one sent has been read, and so tells of what was missed before: again and again, with fresh numbers.
int sendUntilRead(Publisher& publisher, Subscriber& subscriber, int next) {
  for (;; ++next) {
    publisher.send(msg02(next));
    while (subscriber.wait(kShort)) {
      if (subscriber.recv<Msg02>().field2() == next) return next + 1;
    }
  }
}

std::uint64_t sum(const std::vector<Missed>& gaps) {
  std::uint64_t count = 0;
  for (const Missed& gap : gaps) count += gap.count;
  return count;
}

}  // namespace

TEST_CASE("a subscriber that keeps up misses nothing") {
  std::vector<Missed> gaps;
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), {}, noting(gaps));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  for (int i = 1; i <= 500; ++i) publisher.send(msg02(i));
  readUpTo(subscriber, 500);
  CHECK(subscriber.received() == 500);
  CHECK(subscriber.missed() == 0);
  CHECK(gaps.empty());
}

TEST_CASE("a slow reader knows how many it missed: received and missed are all that was sent") {
  LogCapture log;
  std::vector<Missed> gaps;
  Publisher publisher("tcp://*:*", shortQueues());
  Subscriber subscriber(meeting(publisher), dividere::messaging::types<Msg02>(), noting(gaps, shortQueues()));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg02("first", 0));
  REQUIRE(subscriber.recv<Msg02>().field1() == "first");

  const std::string text(1000, 'x');
  int sent = 1;
  for (; sent < 20000; ++sent) publisher.send(msg02(text, sent));
  sent = sendUntilRead(publisher, subscriber, sent);

  CHECK(subscriber.missed() > 0);
  CHECK(subscriber.received() + subscriber.missed() == static_cast<std::uint64_t>(sent));
  std::uint64_t inStatistics = 0;
  for (const dividere::Statistics& each : dividere::statistics()) inStatistics += each.missed;
  CHECK(inStatistics == subscriber.missed());
  CHECK(sum(gaps) == subscriber.missed());
  REQUIRE_FALSE(gaps.empty());
  CHECK(gaps.front().type == "Msg02");
  CHECK(gaps.front().topic.empty());
  CHECK(log.wait("missed "));
}

TEST_CASE("types and topics are counted each by itself") {
  std::vector<Missed> gaps;
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), {"Msg02"}, noting(gaps));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg02(1), topic("a"));
  publisher.send(msg01("not subscribed to"));
  publisher.send(msg02(2), topic("b"));
  publisher.send(msg02(3), topic("a"));
  publisher.send(msg02(4));
  readUpTo(subscriber, 4);
  CHECK(subscriber.received() == 4);
  CHECK(subscriber.missed() == 0);
}

TEST_CASE("what a publisher made up of any length is not kept in order to count it") {
  std::vector<Missed> gaps;
  dividere::connection::Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), {}, noting(gaps));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const auto publish = [&](std::size_t topicSize, std::uint64_t number) {
    publisher.send(fields::ofBytes(1, "Msg01") + fields::ofBytes(107, std::string(topicSize, 'x')) +
                   fields::ofBytes(2, fields::any("type.googleapis.com/Msg01", "")) + fields::ofVarint(100, number) +
                   fields::tag(101, fields::kFixed32) + "1234");
    REQUIRE(subscriber.recv<Msg01>(kLimit));
  };
  publish(3000, 1);
  publish(3000, 4);
  CHECK(gaps.empty());
  publish(1000, 1);
  publish(1000, 4);
  CHECK(sum(gaps) == 2);
  CHECK(subscriber.received() == 4);
}

TEST_CASE("a publisher that is started anew is another one, not a gap") {
  const std::uint16_t port = dividere::connection::PortManager::acquire();
  auto publisher = std::make_unique<Publisher>("tcp://*:" + std::to_string(port));
  const std::string endpoint = meeting(*publisher);
  std::vector<Missed> gaps;
  Subscriber subscriber(endpoint, {}, noting(gaps));
  REQUIRE(publisher->waitForSubscribers(1, kLimit));
  for (int i = 1; i <= 10; ++i) publisher->send(msg02(i));
  readUpTo(subscriber, 10);

  publisher.reset();
  publisher = std::make_unique<Publisher>("tcp://*:" + std::to_string(port));
  int next = 1;
  for (; next <= 50; ++next) publisher->send(msg02(next));  // to nobody: sooner than the subscriber can be back
  next = sendUntilRead(*publisher, subscriber, next);
  publisher->send(msg02(next));
  readUpTo(subscriber, next);
  CHECK(subscriber.missed() == 0);
  dividere::connection::PortManager::release(port);
}

TEST_CASE("what onMissed throws is logged, and the message behind the gap is received") {
  LogCapture log;
  Publisher publisher("tcp://*:*", shortQueues());
  SubscriberOptions options;
  options.socket = shortQueues();
  options.onMissed = [](const Missed&) { throw std::runtime_error("of the user's own"); };
  Subscriber subscriber(meeting(publisher), {}, options);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg02(0));
  readUpTo(subscriber, 0);
  const std::string text(1000, 'x');
  int sent = 1;
  for (; sent < 20000; ++sent) publisher.send(msg02(text, sent));
  sendUntilRead(publisher, subscriber, sent);
  CHECK(subscriber.missed() > 0);
  CHECK(log.wait("onMissed threw: of the user's own"));
}

TEST_CASE("a subscriber in a reactor is told, too") {
  std::vector<Missed> gaps;
  Publisher publisher("tcp://*:*");
  dividere::reactor::MtMsgReactor reactor;
  std::vector<int> numbers;
  reactor.add(Subscriber(meeting(publisher), {}, noting(gaps))).on([&](const Msg02& message) {
    numbers.push_back(message.field2());
    if (message.field2() == 3) reactor.stop();
  });
  reactor.start();
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  for (int i = 1; i <= 3; ++i) publisher.send(msg02(i));
  while (publisher.subscribers() > 0) {
  }
  reactor.stop();
  CHECK(numbers == std::vector<int>{1, 2, 3});
  CHECK(gaps.empty());
}
