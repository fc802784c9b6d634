#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/raw_socket.hpp"
#include "support/temp_dir.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using std::chrono::milliseconds;

namespace {

/// What a message of this size holds: a block whose length divides nothing, again and again.
std::string patterned(std::size_t size) {
  std::string block;
  for (std::uint32_t state = 1; block.size() < 65521; state = state * 1664525 + 1013904223) {
    block += static_cast<char>(state >> 24);
  }
  std::string text;
  text.reserve(size);
  while (text.size() < size) text.append(block, 0, size - text.size());
  return text;
}

/// Everything that has been sent, up to and without "end".
std::vector<std::string> receiveToEnd(Subscriber& subscriber) {
  std::vector<std::string> received;
  while (auto message = subscriber.recv(kLimit)) {
    if (*message == "end") return received;
    received.push_back(*message);
  }
  received.emplace_back("(the end did not come)");
  return received;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("what is published reaches the subscriber over tcp, ipc and inproc") {
  const TempDir dir;
  for (const std::string& endpoint : {std::string("tcp://127.0.0.1:*"), dir.ipc("pub"), std::string("inproc://pub")}) {
    CAPTURE(endpoint);
    Publisher publisher(endpoint);
    Subscriber subscriber(publisher.endpoint());
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    publisher.send("abcd");
    CHECK(subscriber.recv() == "abcd");
    publisher.send("");
    CHECK(subscriber.recv(kLimit) == "");
  }
}

TEST_CASE("a subscriber may come before its publisher over tcp, ipc and inproc") {
  const TempDir dir;
  const auto port = PortManager::acquire();
  for (const std::string& endpoint : {local(port), dir.ipc("pub"), std::string("inproc://early")}) {
    CAPTURE(endpoint);
    Subscriber subscriber(endpoint);
    Publisher publisher(endpoint);
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    publisher.send("abcd");
    CHECK(subscriber.recv(kLimit) == "abcd");
  }
  PortManager::release(port);
}

TEST_CASE("a publisher bound to every interface is reached as localhost") {
  const auto port = PortManager::acquire();
  Publisher publisher("tcp://*:" + std::to_string(port));
  Subscriber subscriber("tcp://localhost:" + std::to_string(port));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send("abcd");
  CHECK(subscriber.recv(kLimit) == "abcd");
  CHECK(publisher.port() == port);
  CHECK(subscriber.port() == port);
  PortManager::release(port);
}

TEST_CASE("a wildcard port is a free one, and the publisher tells which") {
  for (const std::string host : {"*", "127.0.0.1", "localhost"}) {
    for (const std::string port : {"*", "0"}) {
      CAPTURE(host);
      Publisher publisher("tcp://" + host + ":" + port);
      REQUIRE(publisher.port() != 0);
      const std::string where = host == "*" ? "0.0.0.0" : "127.0.0.1";
      CHECK(publisher.endpoint() == "tcp://" + where + ":" + std::to_string(publisher.port()));
      Subscriber subscriber(local(publisher.port()));
      CHECK(publisher.waitForSubscribers(1, kLimit));
    }
  }
}

TEST_CASE("a socket says where it is, with port 0 where there is none") {
  const TempDir dir;
  CHECK(Publisher(dir.ipc("a")).endpoint() == dir.ipc("a"));
  CHECK(Publisher(dir.ipc("a")).port() == 0);
  CHECK(Publisher("inproc://somewhere").endpoint() == "inproc://somewhere");
  CHECK(Publisher("inproc://somewhere").port() == 0);
  CHECK(Subscriber("tcp://localhost:9").endpoint() == "tcp://localhost:9");
  CHECK(Subscriber("tcp://localhost:9").port() == 9);
}

TEST_CASE("pub/sub works over IPv6") {
  Publisher publisher("tcp://[::1]:*");
  Subscriber subscriber("tcp://[::1]:" + std::to_string(publisher.port()));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send("abcd");
  CHECK(subscriber.recv(kLimit) == "abcd");
}

TEST_CASE("a subscriber receives what begins with one of its topics, in the order it was sent") {
  Publisher publisher("tcp://127.0.0.1:*");
  const std::string endpoint = publisher.endpoint();
  Subscriber everything(endpoint);
  Subscriber none(endpoint, Texts{"end"});
  Subscriber one(endpoint, "ab");
  one.subscribe("end");
  Subscriber two(endpoint, {"ab", "c", "end"});
  Subscriber emptyList(endpoint, Texts{});
  Subscriber binary(endpoint, Texts{std::string("\0\x01", 2), "\xFF\xFF", "end"});
  REQUIRE(publisher.waitForSubscribers(6, kLimit));
  const Texts sent = {
      "a",        "ab",       "abc", "b", "c", "cab", std::string("\0\x01z", 3), std::string("\0\x02z", 3),
      "\xFF\xFE", "\xFF\xFF", ""};
  for (const auto& message : sent) publisher.send(message);
  publisher.send("end");
  CHECK(receiveToEnd(everything) == sent);
  CHECK(receiveToEnd(emptyList) == sent);
  CHECK(receiveToEnd(none) == Texts{});
  CHECK(receiveToEnd(one) == Texts{"ab", "abc"});
  CHECK(receiveToEnd(two) == Texts{"ab", "abc", "c", "cab"});
  CHECK(receiveToEnd(binary) == Texts{std::string("\0\x01z", 3), "\xFF\xFF"});
}

TEST_CASE("a topic may be added later, and taken away, once for all") {
  // A plain XPUB says what it reads from the subscriber, and so when it is in force.
  RawSocket publisher(ZMQ_XPUB);
  Subscriber subscriber(publisher.bind(), "a");
  const auto readsUpTo = [&](const std::string& last) {
    while (const auto news = publisher.recv()) {
      if (news->front() == last) return true;
    }
    return false;
  };
  subscriber.unsubscribe("never subscribed");
  subscriber.subscribe("b");
  subscriber.subscribe("b");
  REQUIRE(readsUpTo("\1b"));
  for (const std::string message : {"a1", "b1", "c1", "a2"}) publisher.send({message});
  CHECK(subscriber.recv(kLimit) == "a1");
  CHECK(subscriber.recv(kLimit) == "b1");
  CHECK(subscriber.recv(kLimit) == "a2");

  subscriber.unsubscribe("b");
  REQUIRE(readsUpTo(std::string("\0b", 2)));
  for (const std::string message : {"b2", "a3"}) publisher.send({message});
  CHECK(subscriber.recv(kLimit) == "a3");
}

TEST_CASE("messages of all sizes arrive as they were sent") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const std::vector<std::size_t> sizes = {1,    2,    8,     33,    34,    255,   256,     1024,    8191,
                                          8192, 8193, 10000, 65535, 65536, 81920, 1 << 20, 64 << 20};
  for (const std::size_t size : sizes) {
    CAPTURE(size);
    const std::string message = patterned(size);
    publisher.send(message);
    const auto received = subscriber.recv(kLimit);
    REQUIRE(received);
    CHECK((*received == message));  // not shown if it differs
  }
}

TEST_CASE("every size from 1 byte to 81,920 in steps of 1,024 arrives, in order") {
  SocketOptions unbounded;
  unbounded.sendQueue = unbounded.receiveQueue = 0;
  Publisher publisher("tcp://127.0.0.1:*", unbounded);
  Subscriber subscriber(publisher.endpoint(), "", unbounded);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  for (std::size_t size = 1; size <= 81920; size += size == 1 ? 1023 : 1024) publisher.send(std::string(size, 'x'));
  for (std::size_t size = 1; size <= 81920; size += size == 1 ? 1023 : 1024) {
    const auto received = subscriber.recv(kLimit);
    REQUIRE(received);
    CHECK(received->size() == size);
  }
}

TEST_CASE("of 400 fresh pairs every one gets its first message") {
  int arrived = 0;
  for (int i = 0; i < 400; ++i) {
    Publisher publisher("tcp://127.0.0.1:*");
    Subscriber subscriber(publisher.endpoint());
    if (!publisher.waitForSubscribers(1, kLimit)) break;
    publisher.send("first");
    if (subscriber.recv(kLimit) == "first") ++arrived;
  }
  CHECK(arrived == 400);
}

TEST_CASE("twenty ports in a row serve one pair after the other") {
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < 20; ++i) ports.push_back(PortManager::acquire());
  for (const auto port : ports) {
    Publisher publisher("tcp://*:" + std::to_string(port));
    Subscriber subscriber("tcp://localhost:" + std::to_string(port));
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    publisher.send("abcd");
    CHECK(subscriber.recv(kLimit) == "abcd");
  }
  for (const auto port : ports) PortManager::release(port);
}

TEST_CASE("the same port, path or name serves again at once when its publisher is gone") {
  const TempDir dir;
  const auto port = PortManager::acquire();
  for (const std::string& endpoint :
       {"tcp://*:" + std::to_string(port), dir.ipc("again"), std::string("inproc://again")}) {
    CAPTURE(endpoint);
    for (int i = 0; i < 20; ++i) {
      Publisher publisher(endpoint);
      Subscriber subscriber(publisher.port() ? local(port) : endpoint);
      REQUIRE(publisher.waitForSubscribers(1, kLimit));
      publisher.send("abcd");
      REQUIRE(subscriber.recv(kLimit) == "abcd");
    }
  }
  PortManager::release(port);
}

TEST_CASE("a subscriber goes on when its publisher has been replaced") {
  SocketOptions quick;
  quick.reconnect = milliseconds(10);
  const auto port = PortManager::acquire();
  Subscriber subscriber(local(port), "", quick);
  for (int i = 0; i < 3; ++i) {
    Publisher publisher(local(port));
    // A SUB says anew what it wants when its owner next calls it, such as to wait for a message.
    REQUIRE(eventually([&] { return subscriber.wait(milliseconds(0)) || publisher.subscribers() == 1; }));
    publisher.send(std::to_string(i));
    CHECK(subscriber.recv(kLimit) == std::to_string(i));
  }
  PortManager::release(port);
}

TEST_CASE("a subscriber may bind, and publishers connect to it") {
  SocketOptions binding, connecting;
  binding.attach = Attach::bind;
  connecting.attach = Attach::connect;
  Subscriber subscriber("tcp://127.0.0.1:*", "", binding);
  Publisher first(subscriber.endpoint(), connecting), second(subscriber.endpoint(), connecting);
  for (Publisher* publisher : {&first, &second}) {
    REQUIRE(eventually([&] { return subscriber.wait(milliseconds(0)) || publisher->subscribers() == 1; }));
    publisher->send("abcd");
    CHECK(subscriber.recv(kLimit) == "abcd");
  }
}

TEST_CASE("waiting tells whether a message is there, and leaves it there") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  CHECK_FALSE(subscriber.wait(milliseconds(0)));
  publisher.send("one");
  publisher.send("two");
  CHECK(subscriber.wait(kLimit));
  CHECK(subscriber.wait(milliseconds(0)));
  CHECK(subscriber.recv(milliseconds(0)) == "one");
  CHECK(subscriber.wait(milliseconds::max()));
  CHECK(subscriber.recv(milliseconds::max()) == "two");
}

TEST_CASE("a time-out is a value, and comes no earlier than asked for") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  const auto took = [](const auto& action) {
    const auto began = std::chrono::steady_clock::now();
    action();
    return std::chrono::steady_clock::now() - began;
  };
  CHECK(took([&] { CHECK(subscriber.recv(milliseconds(30)) == std::nullopt); }) >= milliseconds(30));
  CHECK(took([&] { CHECK_FALSE(subscriber.wait(milliseconds(30))); }) >= milliseconds(30));
  CHECK(subscriber.recv(milliseconds(-1)) == std::nullopt);
  CHECK(subscriber.recv(milliseconds::min()) == std::nullopt);
}

TEST_CASE("a message of several frames is malformed, and the next one is fine") {
  RawSocket publisher(ZMQ_XPUB);
  Subscriber subscriber(publisher.bind());
  for (int i = 0; i < 3; ++i) REQUIRE(publisher.recv());  // its topic, and the two it is counted by
  publisher.send({"a", "b"});
  publisher.send({"fine"});
  publisher.send(Frames(1000, "frame"));
  publisher.send({"fine again"});
  const std::string what = whatOf([&] { subscriber.recv(kLimit); });
  CHECK(contains(what, "connection::Subscriber"));
  CHECK(contains(what, "2 frames"));
  CHECK(subscriber.recv(kLimit) == "fine");
  CHECK(subscriber.wait(kLimit));
  CHECK(codeOf([&] { subscriber.recv(); }) == Errc::malformed);
  CHECK(subscriber.recv(kLimit) == "fine again");
}

TEST_CASE("an empty list of topics means everything, and a topic beside it changes nothing") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint(), Texts{});
  subscriber.subscribe("a");
  subscriber.unsubscribe("a");
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send("b");
  CHECK(subscriber.recv(kLimit) == "b");
}
