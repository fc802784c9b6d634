// Requests and Dealers that are given several endpoints.
#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "support/events.hpp"
#include "support/local.hpp"
#include "support/raw_socket.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using std::chrono::milliseconds;

namespace {

SocketOptions binding() {
  SocketOptions options;
  options.attach = Attach::bind;
  return options;
}

SocketOptions quick() {
  SocketOptions options;
  options.reconnect = milliseconds(10);
  return options;
}

/// Endpoints that nobody is bound to, until somebody here is.
class Places {
 public:
  explicit Places(int count) {
    for (int i = 0; i < count; ++i) {
      ports_.push_back(PortManager::acquire());
      endpoints_.push_back(local(ports_.back()));
    }
  }
  ~Places() {
    for (const auto port : ports_) PortManager::release(port);
  }
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  const std::vector<std::string>& all() const { return endpoints_; }
  const std::string& operator[](std::size_t i) const { return endpoints_[i]; }

 private:
  std::vector<std::uint16_t> ports_;
  std::vector<std::string> endpoints_;
};

/// Replies to requests with its name, in a thread of its own, until told "stop" by its end.
class Responder {
 public:
  Responder(const std::string& endpoint, const std::string& name)
      : response_(endpoint, binding()), thread_([this, name] {
          for (;;) {
            const std::string asked = response_.recv();
            response_.send(name);
            if (asked == "stop") return;
          }
        }) {}
  ~Responder() {
    Request stop(response_.endpoint());
    stop.send("stop");
    stop.recv(kLimit);
    thread_.join();
  }

 private:
  Response response_;
  std::thread thread_;
};

using Responders = std::vector<std::unique_ptr<Responder>>;

void bindAll(Responders& responders, const Places& places) {
  for (std::size_t i = 0; i < places.all().size(); ++i) {
    responders.push_back(std::make_unique<Responder>(places[i], std::to_string(i)));
  }
}

std::string ask(Request& request) {
  request.send("who is there");
  return request.recv(kLimit).value_or("nobody");
}

/// Whether three rounds go to everybody in the order of the list.
void checkRounds(Request& request, std::size_t count) {
  for (std::size_t i = 0; i < 3 * count; ++i) CHECK(ask(request) == std::to_string(i % count));
}

}  // namespace

TEST_CASE("requests go to 1 to 9 responders in turn, in the order of the list") {
  for (int count = 1; count <= 9; ++count) {
    CAPTURE(count);
    const Places places(count);
    Responders responders;
    bindAll(responders, places);
    Request request(places.all());
    checkRounds(request, places.all().size());
  }
}

TEST_CASE("requests go to 1 to 9 responders in turn also if they come after the request was made") {
  for (int count = 1; count <= 9; ++count) {
    CAPTURE(count);
    const Places places(count);
    const Events events;
    SocketOptions options = quick();
    options.onEvent = events.handler();
    Request request(places.all(), options);
    Responders responders;
    bindAll(responders, places);
    REQUIRE(events.wait(EventType::handshakeSucceeded, places.all().size()));
    checkRounds(request, places.all().size());
  }
}

TEST_CASE("the first request goes to the first of the list, although nobody waited for the connections") {
  for (int i = 0; i < 10; ++i) {
    const Places places(3);
    Responders responders;
    bindAll(responders, places);
    Request request(places.all());
    CHECK(ask(request) == "0");
  }
}

TEST_CASE("a list of endpoints may be a vector or written in braces") {
  const Places places(3);
  Responders responders;
  bindAll(responders, places);
  Request vector(places.all());
  CHECK(ask(vector) == "0");
  Request braces({places[1], places[2]});
  CHECK(ask(braces) == "1");
  CHECK(ask(braces) == "2");
  CHECK(Request({"tcp://localhost:7", "tcp://localhost:8"}).endpoint() == "tcp://localhost:7");
  CHECK(Request({"tcp://localhost:7", "tcp://localhost:8", "tcp://localhost:9"}).port() == 7);
  CHECK(Dealer({"tcp://localhost:7", "tcp://localhost:8"}).endpoint() == "tcp://localhost:7");
}

TEST_CASE("an empty list of endpoints is an error") {
  CHECK(codeOf([] { Request request(std::vector<std::string>{}); }) == Errc::badEndpoint);
  CHECK(codeOf([] { Dealer dealer(std::vector<std::string>{}); }) == Errc::badEndpoint);
  CHECK(contains(whatOf([] { Request request(std::vector<std::string>{}); }), "the list of endpoints is empty"));
}

TEST_CASE("one bad endpoint in a list is an error that names it") {
  const std::string what = whatOf([] { Request request({"tcp://localhost:7", "tcp://localhost"}); });
  CHECK(contains(what, "'tcp://localhost'"));
  CHECK(contains(what, "no port"));
}

TEST_CASE("a dead endpoint in a list of a request is passed over: 10 of 10 are replied to") {
  for (const std::size_t dead : {0U, 1U, 2U}) {
    CAPTURE(dead);
    const Places places(3);
    Responders responders;
    for (std::size_t i = 0; i < 3; ++i) {
      if (i != dead) responders.push_back(std::make_unique<Responder>(places[i], std::to_string(i)));
    }
    Request request(places.all(), quick());
    std::map<std::string, int> answered;
    for (int i = 0; i < 10; ++i) ++answered[ask(request)];
    CHECK(answered.size() == 2);
    for (const auto& [name, count] : answered) CHECK(count == 5);
  }
}

TEST_CASE("a dead endpoint in a list of a dealer is passed over: 10 of 10 arrive") {
  for (const std::size_t dead : {0U, 1U}) {
    CAPTURE(dead);
    const Places places(2);
    Dealer receiving(places[1 - dead], binding());
    Dealer sending(places.all(), quick());
    for (int i = 0; i < 10; ++i) sending.send(std::to_string(i));
    for (int i = 0; i < 10; ++i) {
      const auto received = receiving.recv(kLimit);
      REQUIRE(received);
      CHECK(received->body == std::to_string(i));
    }
  }
}

TEST_CASE("an endpoint that dies later is passed over, and one that comes back has its turn again") {
  const Places places(2);
  const Events events;
  SocketOptions options = quick();
  options.onEvent = events.handler();
  auto first = std::make_unique<Responder>(places[0], "0");
  const Responder second(places[1], "1");
  Request request(places.all(), options);
  checkRounds(request, 2);

  first.reset();
  // Twice refused: from then on it is known to be dead.
  REQUIRE(events.wait(EventType::disconnected));
  REQUIRE(events.wait(EventType::connectRetried, 2));
  for (int i = 0; i < 10; ++i) CHECK(ask(request) == "1");

  first = std::make_unique<Responder>(places[0], "0");
  REQUIRE(events.wait(EventType::handshakeSucceeded, 3));
  std::map<std::string, int> answered;
  for (int i = 0; i < 10; ++i) ++answered[ask(request)];
  CHECK(answered["0"] == 5);
  CHECK(answered["1"] == 5);
}

TEST_CASE("with every endpoint dead a request waits for the one whose turn it is") {
  const Places places(2);
  Request request(places.all(), quick());
  request.send("who is there");  // does not block
  const Responder first(places[0], "0");
  CHECK(request.recv(kLimit) == "0");
}

TEST_CASE("with every endpoint dead, then one up, only the requests given up before are lost") {
  for (const std::size_t alive : {0U, 1U}) {
    CAPTURE(alive);
    const Places places(2);
    const Events events;
    SocketOptions options = quick();
    options.onEvent = events.handler();
    Request request(places.all(), options);
    for (int i = 0; i < 3; ++i) {
      request.send("lost");
      REQUIRE(request.recv(milliseconds(1)) == std::nullopt);
    }
    const Responder one(places[alive], "alive");
    REQUIRE(events.wait(EventType::handshakeSucceeded));
    for (int i = 0; i < 10; ++i) CHECK(ask(request) == "alive");
  }
}

TEST_CASE("a dealer sends to several endpoints in turn") {
  const Places places(3);
  std::vector<Dealer> receiving;
  for (const auto& endpoint : places.all()) receiving.emplace_back(endpoint, binding());
  Dealer sending(places.all());
  for (int i = 0; i < 9; ++i) sending.send(std::to_string(i));
  for (int i = 0; i < 9; ++i) {
    const auto received = receiving[static_cast<std::size_t>(i % 3)].recv(kLimit);
    REQUIRE(received);
    CHECK(received->body == std::to_string(i));
  }
}

TEST_CASE("a dealer may bind some of its endpoints and connect to others") {
  const Places places(1);
  Dealer bound(places[0], binding());
  Dealer both({"tcp://127.0.0.1:*", places[0]});
  CHECK(both.port() != 0);
  Dealer connected(both.endpoint());
  connected.send("to the bound one");
  CHECK(both.recv(kLimit).value().body == "to the bound one");
  bound.send("to the connecting one");
  CHECK(both.recv(kLimit).value().body == "to the connecting one");
}

TEST_CASE("with dead endpoints a message of several frames stays whole") {
  const Places places(2);
  RawSocket router(ZMQ_ROUTER);
  router.bind(places[1]);
  Dealer sending(places.all(), quick());
  for (int i = 0; i < 10; ++i) sending.send({"a", "b"}, std::to_string(i));
  for (int i = 0; i < 10; ++i) {
    const auto received = router.recv();
    REQUIRE(received);
    CHECK(received->size() == 4);
    CHECK(received->back() == std::to_string(i));
  }
}
