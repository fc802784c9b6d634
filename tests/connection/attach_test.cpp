// Which endpoints are bound, which are connected to, and what a Response is told when nobody listens there.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/events.hpp"
#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/log_capture.hpp"
#include "support/temp_dir.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::LogLevel;

namespace {

/// A port of this machine where nobody listens.
struct FreePort {
  const std::uint16_t number = PortManager::acquire();
  ~FreePort() { PortManager::release(number); }
  std::string at(const std::string& host) const { return "tcp://" + host + ":" + std::to_string(number); }
};

SocketOptions quick(SocketOptions options = {}) {
  options.reconnect = options.reconnectMax = std::chrono::milliseconds(10);
  return options;
}

/// The lines that say that nobody listens there.
std::vector<LogCapture::Line> linesOf(const LogCapture& log) { return log.lines("nobody listens there"); }

}  // namespace

TEST_CASE("a Response and a Dealer bind the address of every interface, as they bind a star") {
  for (const std::string host : {"0.0.0.0", "[::]", "[::0]", "[0:0:0:0:0:0:0:0]"}) {
    CAPTURE(host);
    const FreePort port, other;
    Response response(port.at(host));
    Dealer dealer(other.at(host));
    Request request(local(port.number));
    Dealer second(local(other.number));
    request.send("one");
    CHECK(response.recv(kLimit) == "one");
    second.send("two");
    const auto routed = dealer.recv(kLimit);
    REQUIRE(routed);
    CHECK(routed->body == "two");
  }
}

TEST_CASE("a Response warns, once, that it connects to where nobody listens, and how it would bind") {
  const LogCapture log;
  const Events events;
  const FreePort port;
  const Response response(port.at("127.0.0.1"), quick(events.options()));
  REQUIRE(log.wait("nobody listens there"));
  const auto line = linesOf(log)[0];
  CHECK(line.level == LogLevel::warning);
  CHECK(line.component == "connection::Response");
  CHECK(contains(line.text, port.at("127.0.0.1") + ": nobody listens there"));
  CHECK(contains(line.text, "to bind, write " + port.at("*")));
  const std::size_t retries = events.count(EventType::connectRetried);
  REQUIRE(events.wait(EventType::connectRetried, retries + 5));
  CHECK(linesOf(log).size() == 1);
}

TEST_CASE("a Response that is told to connect, and other sockets, say it without advice") {
  const TempDir dir;
  const FreePort port;
  for (const std::string& endpoint : {port.at("127.0.0.1"), dir.ipc("nobody")}) {
    CAPTURE(endpoint);
    const LogCapture log;
    SocketOptions options = quick();
    options.attach = Attach::connect;
    const Response response(endpoint, options);
    const Subscriber subscriber(endpoint, "", quick());
    const Request request(endpoint, quick());
    const Dealer dealer(endpoint, quick());
    CHECK(eventually([&] { return linesOf(log).size() == 4; }));
    for (const auto& line : linesOf(log)) CHECK_FALSE(contains(line.text, "to bind"));
  }
}

TEST_CASE("a Response that has found its peer, and lost it, is not told how to bind") {
  const LogCapture log;
  const Events events;
  const FreePort port;
  auto dealer = std::make_unique<Dealer>(port.at("*"));
  const Response response(port.at("127.0.0.1"), quick(events.options()));
  REQUIRE(events.wait(EventType::handshakeSucceeded));
  dealer.reset();
  REQUIRE(log.wait("nobody listens there"));
  CHECK_FALSE(contains(linesOf(log)[0].text, "to bind"));
}
