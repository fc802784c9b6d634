// How much a subscriber may ask for, and what becomes of one that asks for more.
#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "support/events.hpp"
#include "support/eventually.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/temp_dir.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;

namespace {

constexpr std::size_t kLongest = 4096;

/// Topics of this many bytes that differ at their end only: libzmq keeps their beginning once.
std::string topic(std::size_t number, std::size_t size = kLongest) {
  const std::string end = std::to_string(number);
  return std::string(size - end.size(), '.') + end;
}

/// A peer that knows no bounds.
class Greedy : public RawSocket {
 public:
  explicit Greedy(const std::string& endpoint) : RawSocket(ZMQ_XSUB) {
    set(ZMQ_SNDHWM, 0);
    connect(endpoint);
  }
  void subscribe(const std::string& topic) { send({"\1" + topic}); }
};

/// Whether the publisher disconnects a peer, and goes on with those that ask for what is allowed.
void checkIsCutOff(const std::string& endpoint, const std::function<void(Greedy&)>& ask) {
  CAPTURE(endpoint);
  const LogCapture log;
  const Events events;
  Publisher publisher(endpoint, events.options());
  Subscriber honest(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  Greedy greedy(publisher.endpoint());
  ask(greedy);
  REQUIRE(events.wait(EventType::disconnected));
  greedy.close();
  CHECK(eventually([&] { return publisher.subscribers() == 1; }));
  publisher.send("text");
  CHECK(honest.recv(kLimit) == "text");
}

}  // namespace

TEST_CASE("a topic may have 4 KiB; a longer one is refused in words") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint(), topic(1));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(topic(1) + " and more");
  CHECK(subscriber.recv(kLimit) == topic(1) + " and more");
  CHECK(codeOf([&] { subscriber.subscribe(topic(1, kLongest + 1)); }) == Errc::tooLarge);
  CHECK(contains(whatOf([&] { subscriber.subscribe(topic(1, 1000000)); }),
                 "connection::Subscriber: subscribe: a topic of 1000000 bytes, where 4096 are allowed"));
  CHECK(codeOf([&] { Subscriber another(publisher.endpoint(), topic(1, 1000000)); }) == Errc::tooLarge);
  publisher.send(topic(1));
  CHECK(subscriber.recv(kLimit) == topic(1));
}

TEST_CASE("a subscriber may ask for 4 MiB of topics in all; what it lets go of makes room") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint(), topic(0));
  constexpr std::size_t kMost = 4 * 1024 * 1024 / (kLongest + 8);
  for (std::size_t i = 1; i < kMost; ++i) subscriber.subscribe(topic(i));
  subscriber.subscribe(topic(1));  // is there already
  CHECK(codeOf([&] { subscriber.subscribe(topic(kMost)); }) == Errc::tooLarge);
  CHECK(contains(whatOf([&] { subscriber.subscribe(topic(kMost)); }), "bytes in all, where 4194304 are allowed"));
  subscriber.unsubscribe(topic(1));
  subscriber.subscribe(topic(kMost));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  CHECK(eventually([&] {
    publisher.send(topic(kMost));
    return subscriber.recv(kShort).has_value();
  }));
  CHECK(publisher.subscribers() == 1);
}

TEST_CASE("no topic is lost, however many there are, from the start or added") {
  Publisher publisher("tcp://127.0.0.1:*");
  std::vector<std::string> topics;
  for (std::size_t i = 0; i < 3000; ++i) topics.push_back(topic(i, 8));
  Subscriber fromTheStart(publisher.endpoint(), topics), adding(publisher.endpoint(), topics[0]);
  for (const std::string& each : topics) adding.subscribe(each);
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  for (Subscriber* subscriber : {&fromTheStart, &adding}) {
    CHECK(eventually([&] {
      publisher.send(topics.back());
      return subscriber->recv(kShort).has_value();
    }));
  }
}

TEST_CASE("a peer that asks for a topic longer than allowed is disconnected, and nobody else") {
  for (const std::size_t size : {kLongest + 1, kLongest * 2, kLongest * 5}) {
    CAPTURE(size);
    checkIsCutOff("tcp://127.0.0.1:*", [&](Greedy& greedy) { greedy.subscribe(topic(1, size)); });
  }
}

TEST_CASE("a peer that asks for more topics than allowed is disconnected, over tcp and ipc") {
  const TempDir dir;
  for (const std::string& endpoint :
       {std::string("tcp://127.0.0.1:*"), dir.ipc("greedy"), std::string("ipc://@greedy")}) {
    checkIsCutOff(endpoint, [](Greedy& greedy) {
      for (std::size_t i = 0; i < 1100; ++i) greedy.subscribe(topic(i, kLongest - 10));
    });
  }
}

TEST_CASE("who is disconnected for what it asks for is told to whoever takes the log") {
  const LogCapture log;
  const Publisher publisher("tcp://127.0.0.1:*");
  Greedy greedy(publisher.endpoint());
  greedy.subscribe(topic(1, kLongest + 1));
  CHECK(log.wait(publisher.endpoint() + ": a subscriber asked for too much and was disconnected"));
}

TEST_CASE("the bound on what a publisher reads is none on what it sends") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(std::string(1000000, 'x'));
  CHECK(subscriber.recv(kLimit)->size() == 1000000);
}
