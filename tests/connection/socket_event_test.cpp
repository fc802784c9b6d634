// What a socket's owner is told of its events.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/events.hpp"
#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/log_capture.hpp"
#include "support/temp_dir.hpp"
#include "support/threads.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::LogLevel;
using std::chrono::milliseconds;

namespace {

bool allInOneThread(const std::vector<const Events*>& collected) {
  std::set<std::thread::id> threads;
  for (const Events* events : collected) {
    for (const auto id : events->threads()) threads.insert(id);
  }
  return threads.size() == 1 && threads.count(std::this_thread::get_id()) == 0;
}

}  // namespace

TEST_CASE("events say what happened, where, and with which value") {
  const Events publishers, subscribers;
  Publisher publisher("tcp://127.0.0.1:*", publishers.options());
  REQUIRE(publishers.wait(EventType::listening));
  CHECK(publishers.first(EventType::listening).endpoint == publisher.endpoint());

  auto subscriber = std::make_unique<Subscriber>(publisher.endpoint(), "", subscribers.options());
  REQUIRE(subscribers.wait(EventType::handshakeSucceeded));
  CHECK(subscribers.first(EventType::connectDelayed).value == EINPROGRESS);
  CHECK(subscribers.first(EventType::connected).endpoint == publisher.endpoint());
  CHECK(subscribers.first(EventType::connected).value > 2);  // a descriptor
  REQUIRE(publishers.wait(EventType::handshakeSucceeded));
  CHECK(publishers.first(EventType::accepted).value > 2);
  CHECK(publishers.first(EventType::accepted).endpoint == publisher.endpoint());

  subscriber.reset();
  CHECK(publishers.wait(EventType::disconnected));
  CHECK(subscribers.count(EventType::monitorStopped) == 0);
}

TEST_CASE("an accepted connection says where the peer is, one that has no address does not") {
  const TempDir dir;
  for (const std::string& endpoint :
       {std::string("tcp://127.0.0.1:*"), std::string("tcp://[::1]:*"), dir.ipc("peer")}) {
    CAPTURE(endpoint);
    const Events publishers, subscribers;
    const Publisher publisher(endpoint, publishers.options());
    const Subscriber subscriber(publisher.endpoint(), "", subscribers.options());
    REQUIRE(publishers.wait(EventType::handshakeSucceeded));
    const auto accepted = publishers.first(EventType::accepted);
    const std::string host = endpoint.substr(0, endpoint.size() - 1);
    if (endpoint == dir.ipc("peer")) {
      CHECK(accepted.peer == "");
    } else {
      CHECK(accepted.peer.substr(0, host.size()) == host);
      CHECK(accepted.peer != accepted.endpoint);
      CHECK(publishers.first(EventType::handshakeSucceeded).peer == "");
    }
  }
}

TEST_CASE("a connection refused is an event that says when the next attempt comes") {
  const auto port = PortManager::acquire();
  const Events events;
  SocketOptions options = events.options();
  options.reconnect = milliseconds(10);
  options.reconnectMax = milliseconds(40);
  const Subscriber subscriber(local(port), "", options);
  REQUIRE(events.wait(EventType::connectRetried, 4));
  CHECK(events.count(EventType::closed) >= 4);
  for (const auto& event : events.all()) {
    if (event.type != EventType::connectRetried) continue;
    CHECK(event.value >= 10);
    CHECK(event.value <= 80);  // libzmq adds a random part
  }
  PortManager::release(port);
}

TEST_CASE("every kind of socket tells of its events, a proxy of both its sides, all in one thread") {
  const Events publishing, subscribing, requesting, responding, dealing, proxying;
  const Publisher publisher("tcp://127.0.0.1:*", publishing.options());
  const Subscriber subscriber(publisher.endpoint(), "", subscribing.options());
  const Response response("tcp://127.0.0.1:*", responding.options());
  const Request request(response.endpoint(), requesting.options());
  const Proxy proxy(0, 0, proxying.options());
  const Dealer dealer(local(proxy.backPort()), dealing.options());
  CHECK(publishing.wait(EventType::accepted));
  CHECK(subscribing.wait(EventType::connected));
  CHECK(requesting.wait(EventType::connected));
  CHECK(responding.wait(EventType::accepted));
  CHECK(dealing.wait(EventType::connected));
  CHECK(proxying.wait(EventType::listening, 2));
  CHECK(proxying.wait(EventType::accepted));
  CHECK(allInOneThread({&publishing, &subscribing, &requesting, &responding, &dealing, &proxying}));
}

TEST_CASE("ipc sockets have events too") {
  const TempDir dir;
  const Events publishing, subscribing;
  const Publisher publisher(dir.ipc("events"), publishing.options());
  const Subscriber subscriber(dir.ipc("events"), "", subscribing.options());
  CHECK(publishing.wait(EventType::handshakeSucceeded));
  CHECK(subscribing.wait(EventType::handshakeSucceeded));
  CHECK(publishing.first(EventType::listening).endpoint == dir.ipc("events"));
}

TEST_CASE("the handler given with the options is told of the very first event, one set later of those before") {
  const Events early, late;
  Publisher publisher("tcp://127.0.0.1:*", early.options());
  const Subscriber subscriber(publisher.endpoint());
  REQUIRE(early.wait(EventType::handshakeSucceeded));
  CHECK(early.all().front().type == EventType::listening);

  Publisher silent("tcp://127.0.0.1:*");
  const Events others;
  const Subscriber another(silent.endpoint(), "", others.options());
  REQUIRE(others.wait(EventType::handshakeSucceeded));
  silent.onEvent(late.handler());
  REQUIRE(late.wait(EventType::handshakeSucceeded));
  CHECK(late.all().front().type == EventType::listening);
  CHECK(late.all()[1].type == EventType::accepted);
}

TEST_CASE("of the events before there was a handler the last 16 are told") {
  const LogCapture log;
  Publisher publisher("tcp://127.0.0.1:*");
  const Events others;
  // Ten subscribers: an accepted and a handshakeSucceeded each, after the listening.
  std::vector<Subscriber> subscribers;
  for (int i = 0; i < 10; ++i) subscribers.emplace_back(publisher.endpoint(), "", others.options());
  REQUIRE(publisher.waitForSubscribers(10, kLimit));
  REQUIRE(others.wait(EventType::handshakeSucceeded, 10));
  const Events events;
  REQUIRE(eventually([&] {
    const auto lines = log.lines("handshakeSucceeded");
    return std::count_if(lines.begin(), lines.end(),
                         [](const auto& l) { return l.component == "connection::Publisher"; }) == 10;
  }));
  const Subscriber last(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(11, kLimit));
  publisher.onEvent(events.handler());
  REQUIRE(events.wait(EventType::handshakeSucceeded, 8));
  CHECK(events.count(EventType::listening) == 0);
}

TEST_CASE("a handler may be replaced and taken away; after that it is not called again") {
  const Events first, second;
  Publisher publisher("tcp://127.0.0.1:*", first.options());
  REQUIRE(first.wait(EventType::listening));
  publisher.onEvent(second.handler());
  const Subscriber one(publisher.endpoint());
  REQUIRE(second.wait(EventType::handshakeSucceeded));
  publisher.onEvent(nullptr);
  const std::size_t told = second.all().size();
  const Subscriber two(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  publisher.onEvent(first.handler());  // is told of what came meanwhile
  REQUIRE(first.wait(EventType::accepted));
  CHECK(second.all().size() == told);
  CHECK(second.count(EventType::listening) == 0);
}

TEST_CASE("no handler is called once its socket is destroyed: destroying waits for a call under way") {
  for (int i = 0; i < 50; ++i) {
    struct Owned {
      bool alive = true;
    } owned;
    std::atomic<bool> calledLate{false};
    {
      SocketOptions options;
      options.onEvent = [&](const SocketEvent&) {
        for (int spin = 0; spin < 100; ++spin) {
          std::this_thread::yield();
          if (!owned.alive) calledLate = true;
        }
      };
      Publisher publisher("tcp://127.0.0.1:*", options);
      const Subscriber subscriber(publisher.endpoint(), "", options);
      publisher.waitForSubscribers(1, kLimit);
    }
    owned.alive = false;
    REQUIRE_FALSE(calledLate);
  }
}

TEST_CASE("a handler may destroy its own socket, replace itself, and make sockets") {
  auto publisher = std::make_unique<Publisher>("tcp://127.0.0.1:*");
  std::promise<std::string> destroyed;
  auto done = destroyed.get_future();
  std::unique_ptr<Publisher> made;
  publisher->onEvent([&](const SocketEvent&) {
    publisher->onEvent([&](const SocketEvent& event) {
      made = std::make_unique<Publisher>("tcp://127.0.0.1:*");
      auto told = std::move(destroyed);
      publisher.reset();
      told.set_value(std::string(name(event.type)));
    });
  });
  const Subscriber subscriber(publisher->endpoint());
  REQUIRE(done.wait_for(kLimit) == std::future_status::ready);
  CHECK(done.get() == "accepted");
  const Subscriber another(made->endpoint());
  CHECK(made->waitForSubscribers(1, kLimit));
}

TEST_CASE("a handler that throws is logged, and the next event comes all the same") {
  const LogCapture log(LogLevel::error);
  const Events events;
  SocketOptions options;
  options.onEvent = [collect = events.handler()](const SocketEvent& event) {
    collect(event);
    if (event.type == EventType::listening) throw std::runtime_error("thrown on purpose");
    throw 5;
  };
  Publisher publisher("tcp://127.0.0.1:*", options);
  const Subscriber subscriber(publisher.endpoint());
  REQUIRE(events.wait(EventType::handshakeSucceeded));
  CHECK(publisher.waitForSubscribers(1, kLimit));
  REQUIRE(log.wait("an event handler threw: thrown on purpose"));
  REQUIRE(log.wait("an event handler threw something that is no std::exception"));
  CHECK(log.lines("thrown on purpose").front().component == "connection::Publisher");
}

TEST_CASE("events reach the log, at debug level, without any handler") {
  const LogCapture log;
  const Publisher publisher("tcp://127.0.0.1:*");
  const Subscriber subscriber(publisher.endpoint());
  REQUIRE(log.wait("listening " + publisher.endpoint()));
  REQUIRE(log.wait("connected " + publisher.endpoint()));
  REQUIRE(log.wait("handshakeSucceeded " + publisher.endpoint()));
  for (const auto& line : log.lines(publisher.endpoint())) CHECK(line.level == LogLevel::debug);
  CHECK(log.lines("connected " + publisher.endpoint()).front().component == "connection::Subscriber");
}

TEST_CASE("an unmonitored socket works, and has no events") {
  const Events events;
  SocketOptions options = events.options();
  options.monitor = false;
  Publisher publisher("tcp://127.0.0.1:*", options);
  Subscriber subscriber(publisher.endpoint(), "", options);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send("abcd");
  CHECK(subscriber.recv(kLimit) == "abcd");
  Response response("tcp://127.0.0.1:*", options);
  Request request({response.endpoint(), response.endpoint()}, options);
  request.send("ask");
  CHECK(response.recv(kLimit) == "ask");
  response.send("answer");
  CHECK(request.recv(kLimit) == "answer");
  CHECK(events.all().empty());
}

TEST_CASE("events have names") {
  CHECK(name(EventType::connected) == "connected");
  CHECK(name(EventType::handshakeFailed) == "handshakeFailed");
  CHECK(name(EventType::monitorStopped) == "monitorStopped");
  std::set<std::string> names;
  for (int i = 0; i <= static_cast<int>(EventType::monitorStopped); ++i) {
    names.insert(std::string(name(static_cast<EventType>(i))));
  }
  CHECK(names.size() == 13);
  CHECK(names.count("unknown") == 0);
}

TEST_CASE("one thread watches a hundred sockets, and ends with the last of them") {
  REQUIRE(eventually([] { return threads("dividere-watch") == 0; }));
  const int before = threads();  // those of the shared context are there from the first socket of the process on
  for (int i = 0; i < 2; ++i) {
    std::vector<Publisher> publishers;
    std::vector<Subscriber> subscribers;
    for (int n = 0; n < 50; ++n) {
      publishers.emplace_back("tcp://127.0.0.1:*");
      subscribers.emplace_back(publishers.back().endpoint());
    }
    CHECK(threads("dividere-watch") == 1);
    CHECK(threads() <= before + 3);  // libzmq's two, if these are the first sockets
    subscribers.clear();
    publishers.clear();
    CHECK(eventually([] { return threads("dividere-watch") == 0; }));
  }
}
