// A Publisher whose subscriber does not keep up.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "support/eventually.hpp"
#include "support/limit.hpp"
#include "support/log_capture.hpp"

using namespace dividere::connection;
using namespace support;
using std::chrono::milliseconds;

namespace {

/// Room for a few messages only, in the queues and in the kernel.
SocketOptions narrow() {
  SocketOptions options;
  options.sendQueue = options.receiveQueue = 5;
  options.kernelSendBuffer = options.kernelReceiveBuffer = 4096;
  return options;
}

SocketOptions waiting() {
  SocketOptions options = narrow();
  options.waitWhenFull = true;
  return options;
}

/// A message that begins with its number and is big enough to fill what room there is soon.
std::string numbered(int number) { return std::to_string(number) + ' ' + std::string(50000, 'x'); }

int numberOf(const std::string& message) { return std::stoi(message); }

/// Sends until there is no room, nor comes any; how many were sent.
int fill(Publisher& publisher) {
  int sent = 0;
  while (sent < 10000 && publisher.send(numbered(sent), 10 * kShort)) ++sent;
  REQUIRE(sent < 10000);
  return sent;
}

}  // namespace

TEST_CASE("a slow subscriber misses messages, which is counted and logged; the others miss none, nobody waits") {
  const LogCapture log(dividere::LogLevel::warning);
  Publisher publisher("tcp://127.0.0.1:*", narrow());
  Subscriber slow(publisher.endpoint(), "", narrow());
  Subscriber quick(publisher.endpoint(), "", narrow());
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  CHECK(publisher.dropped() == 0);
  for (int i = 0; i < 500; ++i) {
    publisher.send(numbered(i));
    const auto received = quick.recv(kLimit);
    REQUIRE(received);
    REQUIRE(numberOf(*received) == i);
  }
  CHECK(publisher.dropped() > 0);
  const auto lines = log.lines("a subscriber does not keep up and missed a message");
  REQUIRE_FALSE(lines.empty());
  CHECK(lines.front().component == "connection::Publisher");
  CHECK(lines.front().level == dividere::LogLevel::warning);

  // What it did get is whole and in order, and it is served again once it reads.
  int last = -1, next = 500, received = 0;
  CHECK(eventually([&] {
    publisher.send(numbered(next++));
    while (const auto message = slow.recv(last < 500 ? kShort : milliseconds(0))) {
      CHECK(message->size() >= 50000);
      CHECK(numberOf(*message) > last);
      last = numberOf(*message);
      if (last < 500) ++received;
    }
    return last >= 500;
  }));
  CHECK(received > 0);
  CHECK(received < 500);
}

TEST_CASE("as long as there is room nothing is dropped") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  for (int i = 0; i < 1000; ++i) publisher.send(std::to_string(i));
  for (int i = 0; i < 1000; ++i) REQUIRE(subscriber.recv(kLimit) == std::to_string(i));
  CHECK(publisher.dropped() == 0);
}

TEST_CASE("a publisher that waits gives up after its time-out, and then nobody was sent the message") {
  Publisher publisher("tcp://127.0.0.1:*", waiting());
  Subscriber first(publisher.endpoint(), "", narrow());
  Subscriber second(publisher.endpoint(), "", narrow());
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  const int sent = fill(publisher);
  const auto began = std::chrono::steady_clock::now();
  CHECK_FALSE(publisher.send(numbered(-1), milliseconds(30)));
  CHECK(std::chrono::steady_clock::now() - began >= milliseconds(30));
  CHECK_FALSE(publisher.send(numbered(-1), milliseconds(0)));
  for (Subscriber* subscriber : {&first, &second}) {
    for (int i = 0; i < sent; ++i) REQUIRE(numberOf(subscriber->recv(kLimit).value_or("-2")) == i);
    CHECK_FALSE(subscriber->wait(milliseconds(0)));
  }
  CHECK(publisher.send(numbered(sent), kLimit));
  for (Subscriber* subscriber : {&first, &second}) CHECK(numberOf(subscriber->recv(kLimit).value_or("-2")) == sent);
  CHECK(publisher.dropped() == 0);
}

TEST_CASE("a publisher that waits goes on as its subscriber reads, and nothing is lost") {
  Publisher publisher("tcp://127.0.0.1:*", waiting());
  Subscriber subscriber(publisher.endpoint(), "", narrow());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  std::thread sending([&] {
    for (int i = 0; i < 500; ++i) publisher.send(numbered(i));
  });
  int inOrder = 0;
  while (inOrder < 500 && numberOf(subscriber.recv(kLimit).value_or("-1")) == inOrder) ++inOrder;
  CHECK(inOrder == 500);
  sending.join();
}

TEST_CASE("a publisher that waits goes on when the subscriber it waits for is gone") {
  Publisher publisher("tcp://127.0.0.1:*", waiting());
  std::optional<Subscriber> subscriber(std::in_place, publisher.endpoint(), "", narrow());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  fill(publisher);
  std::thread sending([&] { publisher.send(numbered(0)); });
  subscriber.reset();
  sending.join();
}

TEST_CASE("a publisher that waits does not wait for anybody where nobody is, or wants the message") {
  Publisher publisher("tcp://127.0.0.1:*", waiting());
  for (int i = 0; i < 100; ++i) publisher.send(numbered(i));
  Subscriber subscriber(publisher.endpoint(), "topic", narrow());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  for (int i = 0; i < 100; ++i) publisher.send(numbered(i));
  publisher.send("topic");
  CHECK(subscriber.recv(kLimit) == "topic");
}
