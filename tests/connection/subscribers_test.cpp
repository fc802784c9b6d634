// How a Publisher counts its subscribers, and waits for them.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <zmq.h>
#include <dividere.hpp>

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/events.hpp"
#include "support/eventually.hpp"
#include "support/forwarder.hpp"
#include "support/local.hpp"
#include "support/raw_socket.hpp"
#include "support/temp_dir.hpp"
#include "support/threads.hpp"

using namespace dividere::connection;
using namespace support;
using std::chrono::milliseconds;

namespace {

/// A plain SUB, unknown to dividere.
struct PlainSubscriber : RawSocket {
  PlainSubscriber(const std::string& endpoint, const std::vector<std::string>& topics) : RawSocket(ZMQ_SUB) {
    for (const auto& topic : topics) set(ZMQ_SUBSCRIBE, topic);
    connect(endpoint);
  }
};

bool countBecomes(const Publisher& publisher, std::size_t count) {
  return eventually([&] { return publisher.subscribers() == count; });
}

/// The same for subscribers that reconnect: a SUB says anew what it wants when its owner next calls it.
template <class Subscribers>
bool countBecomes(const Publisher& publisher, std::size_t count, Subscribers& subscribers) {
  return eventually([&] {
    for (Subscriber& subscriber : subscribers) subscriber.wait(milliseconds(0));
    return publisher.subscribers() == count;
  });
}

}  // namespace

TEST_CASE("whoever comes to subscribe is counted, also if another has gone meanwhile") {
  Publisher publisher("tcp://127.0.0.1:*");
  CHECK(publisher.arrivals() == 0);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const Subscriber subscriber(publisher.endpoint(), {"some", i == 2 ? "" : "topics"});
    CHECK(eventually([&] { return publisher.arrivals() == i; }));
  }
  RawSocket stranger(ZMQ_SUB);
  stranger.set(ZMQ_SUBSCRIBE, std::string("one"));
  stranger.set(ZMQ_SUBSCRIBE, std::string("two"));
  stranger.connect(publisher.endpoint());
  CHECK(eventually([&] { return publisher.arrivals() == 4; }));
  CHECK(eventually([&] { return publisher.subscribers() == 1; }));
  CHECK(publisher.arrivals() == 4);
}

TEST_CASE("a message sent when so many subscribers are there reaches so many") {
  const TempDir dir;
  for (const std::string& endpoint :
       {std::string("tcp://127.0.0.1:*"), dir.ipc("many"), std::string("inproc://many")}) {
    CAPTURE(endpoint);
    Publisher publisher(endpoint);
    std::vector<Subscriber> subscribers;
    for (int i = 0; i < 50; ++i) subscribers.emplace_back(publisher.endpoint());
    REQUIRE(publisher.waitForSubscribers(50, kLimit));
    CHECK(publisher.subscribers() == 50);
    publisher.send("to all");
    int received = 0;
    for (auto& subscriber : subscribers) received += subscriber.recv(kLimit) == "to all" ? 1 : 0;
    CHECK(received == 50);
  }
}

TEST_CASE("waiting for more subscribers than come is false when the time is over, and no earlier") {
  Publisher publisher("tcp://127.0.0.1:*");
  CHECK(publisher.waitForSubscribers(0, milliseconds(0)));
  CHECK_FALSE(publisher.waitForSubscribers(1, milliseconds(0)));
  CHECK_FALSE(publisher.waitForSubscribers(1, milliseconds(-5)));
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, milliseconds::max()));
  const auto began = std::chrono::steady_clock::now();
  CHECK_FALSE(publisher.waitForSubscribers(2, milliseconds(50)));
  CHECK(std::chrono::steady_clock::now() - began >= milliseconds(50));
}

TEST_CASE("the count goes down when subscribers go, one by one and all at once") {
  const TempDir dir;
  for (const std::string& endpoint :
       {std::string("tcp://127.0.0.1:*"), dir.ipc("going"), std::string("inproc://going")}) {
    CAPTURE(endpoint);
    Publisher publisher(endpoint);
    std::vector<Subscriber> subscribers;
    for (int i = 0; i < 20; ++i) subscribers.emplace_back(publisher.endpoint(), std::vector<std::string>{"a", "b"});
    REQUIRE(publisher.waitForSubscribers(20, kLimit));
    subscribers.pop_back();
    CHECK(countBecomes(publisher, 19));
    subscribers.erase(subscribers.begin() + 10, subscribers.end());
    CHECK(countBecomes(publisher, 10));
    subscribers.clear();
    CHECK(countBecomes(publisher, 0));
  }
}

TEST_CASE("a subscriber counts once, however many topics it has") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber three(publisher.endpoint(), {"a", "b", "c"});
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  three.subscribe("d");
  // Another one that comes after all of the first one's news.
  Subscriber other(publisher.endpoint(), "a");
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  CHECK(publisher.subscribers() == 2);
  CHECK_FALSE(publisher.waitForSubscribers(3, milliseconds(0)));
}

TEST_CASE("a subscriber without a topic is none, until it has one again") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint(), "a");
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  for (int i = 0; i < 3; ++i) {
    subscriber.unsubscribe("a");
    CHECK(countBecomes(publisher, 0));
    subscriber.subscribe("a");
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    publisher.send("a");
    CHECK(subscriber.recv(kLimit) == "a");
  }
}

TEST_CASE("plain ZeroMQ subscribers over tcp and ipc count once each") {
  const TempDir dir;
  for (const std::string& endpoint : {std::string("tcp://127.0.0.1:*"), dir.ipc("plain")}) {
    CAPTURE(endpoint);
    Publisher publisher(endpoint);
    const std::string where = publisher.endpoint();
    std::list<PlainSubscriber> plain;
    for (int i = 0; i < 3; ++i) plain.emplace_back(where, std::vector<std::string>{"a", "b", "c"});
    for (int i = 0; i < 3; ++i) plain.emplace_back(where, std::vector<std::string>{"a"});
    Subscriber ours(where, "a");
    REQUIRE(publisher.waitForSubscribers(7, kLimit));
    publisher.send("a");
    for (auto& subscriber : plain) CHECK(subscriber.recv() == Frames{"a"});
    CHECK(ours.recv(kLimit) == "a");
    CHECK(publisher.subscribers() == 7);

    plain.front().set(ZMQ_UNSUBSCRIBE, "b");
    plain.back().set(ZMQ_UNSUBSCRIBE, "a");
    CHECK(countBecomes(publisher, 6));
    plain.back().set(ZMQ_SUBSCRIBE, "z");
    CHECK(countBecomes(publisher, 7));
  }
}

TEST_CASE("plain subscribers of the same topics that go, some at once, leave the right count") {
  Publisher publisher("tcp://127.0.0.1:*");
  const std::string where = publisher.endpoint();
  std::list<PlainSubscriber> plain;
  for (int i = 0; i < 8; ++i) plain.emplace_back(where, std::vector<std::string>{"a", "b"});
  std::list<Subscriber> ours;
  for (int i = 0; i < 4; ++i) ours.emplace_back(where, std::vector<std::string>{"a", "b"});
  REQUIRE(publisher.waitForSubscribers(12, kLimit));
  plain.pop_front();
  CHECK(countBecomes(publisher, 11));
  ours.pop_front();
  CHECK(countBecomes(publisher, 10));
  for (int i = 0; i < 4; ++i) plain.pop_front();
  ours.pop_front();
  ours.pop_front();
  CHECK(countBecomes(publisher, 4));
  plain.clear();
  CHECK(countBecomes(publisher, 1));
  publisher.send("b");
  CHECK(ours.front().recv(kLimit) == "b");
  ours.clear();
  CHECK(countBecomes(publisher, 0));
}

TEST_CASE("subscribers beyond a forwarder are counted, each one, and reached") {
  Publisher publisher("tcp://127.0.0.1:*");
  const Forwarder forwarder(publisher.endpoint());
  Subscriber near(publisher.endpoint(), "a");
  std::vector<Subscriber> beyond;
  for (int i = 0; i < 5; ++i) beyond.emplace_back(forwarder.endpoint(), "a");
  // The forwarder itself is no subscriber: what it relays of theirs makes it one of ours.
  REQUIRE(publisher.waitForSubscribers(6, kLimit));
  publisher.send("a");
  for (auto& subscriber : beyond) CHECK(subscriber.recv(kLimit) == "a");
  CHECK(near.recv(kLimit) == "a");
  CHECK(publisher.subscribers() == 6);

  beyond.pop_back();
  beyond.pop_back();
  CHECK(countBecomes(publisher, 4));
  beyond.clear();
  CHECK(countBecomes(publisher, 1));
}

TEST_CASE("a subscriber whose connection is cut counts again, once, when it is back") {
  const Events events;
  Publisher publisher("tcp://127.0.0.1:*", events.options());
  SocketOptions quick;
  quick.reconnect = milliseconds(10);
  std::list<Subscriber> subscribers;
  for (int i = 0; i < 2; ++i) subscribers.emplace_back(publisher.endpoint(), std::vector<std::string>{"a", "b"}, quick);
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  REQUIRE(events.wait(EventType::handshakeSucceeded, 2));
  for (std::size_t cuts = 1; cuts <= 5; ++cuts) {
    // The descriptors are of this process. The newest connection is the one made anew for the last one cut.
    int newest = -1;
    for (const auto& event : events.all()) {
      if (event.type == EventType::accepted) newest = static_cast<int>(event.value);
    }
    ::shutdown(newest, SHUT_RDWR);
    REQUIRE(events.wait(EventType::disconnected, cuts));
    REQUIRE(events.wait(EventType::handshakeSucceeded, cuts + 2));
    CHECK(countBecomes(publisher, 2, subscribers));
  }
  subscribers.emplace_back(publisher.endpoint());
  CHECK(countBecomes(publisher, 3, subscribers));
  publisher.send("a");
  CHECK(subscribers.back().recv(kLimit) == "a");
  subscribers.pop_front();
  CHECK(countBecomes(publisher, 2));
  subscribers.clear();
  CHECK(countBecomes(publisher, 0));
}

TEST_CASE("a publisher counts afresh when it replaces another") {
  SocketOptions quick;
  quick.reconnect = milliseconds(10);
  const auto port = PortManager::acquire();
  const std::string where = local(port);
  std::vector<Subscriber> subscribers;
  for (int i = 0; i < 5; ++i) subscribers.emplace_back(where, "a", quick);
  for (int i = 0; i < 3; ++i) {
    Publisher publisher(where);
    REQUIRE(countBecomes(publisher, 5, subscribers));
    publisher.send("a" + std::to_string(i));
    for (auto& subscriber : subscribers) CHECK(subscriber.recv(kLimit) == "a" + std::to_string(i));
  }
  PortManager::release(port);
}

TEST_CASE("what a peer says besides subscriptions does not count") {
  Publisher publisher("tcp://127.0.0.1:*");
  RawSocket peer(ZMQ_XSUB);
  peer.connect(publisher.endpoint());
  peer.send({"\2no subscription"});
  peer.send({""});
  peer.send({"\1a", "of several frames"});
  peer.send({std::string("\0never subscribed", 17)});
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  peer.send({"\1a"});
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  CHECK(publisher.subscribers() == 2);
  publisher.send("a");
  CHECK(peer.recv() == Frames{"a"});
}

TEST_CASE("an idle publisher takes in the news of its peers although nobody calls it") {
  SocketOptions options;
  // An XPUB greets a peer when it first takes notice of it, which it does only when somebody calls into it.
  options.configure = [](void* socket) { zmq_setsockopt(socket, ZMQ_XPUB_WELCOME_MSG, "hello", 5); };
  for (const bool monitored : {true, false}) {
    CAPTURE(monitored);
    options.monitor = monitored;
    Publisher publisher("tcp://127.0.0.1:*", options);
    PlainSubscriber peer(publisher.endpoint(), {"hello"});
    CHECK(peer.recv() == Frames{"hello"});
  }
}
