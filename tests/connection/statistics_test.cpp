#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <dividere.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/limit.hpp"
#include "support/raw_socket.hpp"
#include "support/tcp.hpp"
#include "support/thrown.hpp"

using dividere::Statistics;
using dividere::connection::Publisher;
using dividere::connection::Request;
using dividere::connection::Response;
using dividere::connection::SocketOptions;
using support::contains;

namespace {

SocketOptions named(const std::string& name) {
  SocketOptions options;
  options.name = name;
  return options;
}

std::vector<Statistics> statisticsOf(const std::string& name) {
  std::vector<Statistics> found;
  for (Statistics& each : dividere::statistics()) {
    if (each.name == name) found.push_back(std::move(each));
  }
  return found;
}

std::string localhost(const Response& response) { return "tcp://127.0.0.1:" + std::to_string(response.port()); }

}  // namespace

TEST_CASE("messages and bytes are counted, in and out, at both ends") {
  Response response("tcp://127.0.0.1:*", named("replies"));
  Request request(localhost(response), named("asks"));
  for (int i = 0; i < 3; ++i) {
    request.send("question");
    REQUIRE(response.recv(support::kLimit));
    response.send("yes");
    REQUIRE(request.recv(support::kLimit));
  }
  const auto asks = statisticsOf("asks"), replies = statisticsOf("replies");
  REQUIRE(asks.size() == 1);
  REQUIRE(replies.size() == 1);
  CHECK(asks[0].kind == "request");
  CHECK(asks[0].endpoint == request.endpoint());
  CHECK(asks[0].messagesOut == 3);
  CHECK(asks[0].bytesOut == 24);
  CHECK(asks[0].messagesIn == 3);
  CHECK(asks[0].bytesIn == 9);
  CHECK(replies[0].kind == "response");
  CHECK(replies[0].endpoint == response.endpoint());
  CHECK(replies[0].messagesIn == 3);
  CHECK(replies[0].bytesIn == 24);
  CHECK(replies[0].messagesOut == 3);
  CHECK(replies[0].bytesOut == 9);
}

TEST_CASE("a message of several frames is one message, with the bytes of all") {
  support::RawSocket dealer(ZMQ_DEALER);
  const std::string endpoint = dealer.bind();
  dividere::connection::Dealer ours(endpoint, named("frames"));
  ours.send({"12", "345"}, "6789");
  REQUIRE(dealer.recv().value().size() == 3);
  dealer.send({"1", "2", "3"});
  REQUIRE(ours.recv(support::kLimit));
  const auto frames = statisticsOf("frames");
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].messagesOut == 1);
  CHECK(frames[0].bytesOut == 9);
  CHECK(frames[0].messagesIn == 1);
  CHECK(frames[0].bytesIn == 3);
}

TEST_CASE("what a publisher drops stands in its statistics") {
  SocketOptions small = named("drops");
  small.sendQueue = 1;
  Publisher publisher("tcp://127.0.0.1:*", small);
  support::RawSocket deaf(ZMQ_SUB);
  deaf.set(ZMQ_RCVHWM, 1);
  deaf.set(ZMQ_SUBSCRIBE, "");
  deaf.connect(publisher.endpoint());
  REQUIRE(support::eventually([&] { return publisher.arrivals() > 0; }));
  const std::string large(1000000, 'x');
  REQUIRE(support::eventually([&] {
    publisher.send(large);
    return publisher.dropped() > 0;
  }));
  REQUIRE(statisticsOf("drops").size() == 1);
  CHECK(statisticsOf("drops")[0].dropped == publisher.dropped());
}

TEST_CASE("a connection that is made again is counted, the first one is not") {
  std::atomic<int> handshakes{0};
  SocketOptions options = named("comes back");
  options.reconnect = std::chrono::milliseconds(1);
  options.onEvent = [&](const dividere::connection::SocketEvent& event) {
    if (event.type == dividere::connection::EventType::handshakeSucceeded) ++handshakes;
  };
  const std::uint16_t port = dividere::connection::PortManager::acquire();
  std::optional<Response> response(std::in_place, "tcp://*:" + std::to_string(port));
  Request request(localhost(*response), options);
  REQUIRE(support::eventually([&] { return handshakes == 1; }));
  response.reset();
  response.emplace("tcp://*:" + std::to_string(port));
  REQUIRE(support::eventually([&] {
    request.wait(std::chrono::milliseconds(0));
    return handshakes == 2;
  }));
  CHECK(statisticsOf("comes back").at(0).reconnects == 1);
  dividere::connection::PortManager::release(port);
}

TEST_CASE("a peer with which no handshake comes about is counted") {
  Response response("tcp://127.0.0.1:*", named("strict"));
  // How a peer of ZMTP 3 begins, which then goes.
  support::TcpStream::connect(response.port()).send("\xFF" + std::string(8, '\0') + "\x7F\x03");
  CHECK(support::eventually([&] { return statisticsOf("strict").at(0).handshakesFailed == 1; }));
}

TEST_CASE("a socket stands in the statistics as long as it lives, and moving it changes nothing") {
  CHECK(statisticsOf("lives").empty());
  {
    Response response("inproc://lives", named("lives"));
    Response moved = std::move(response);
    CHECK(statisticsOf("lives").size() == 1);
  }
  CHECK(statisticsOf("lives").empty());
}

TEST_CASE("a forked child has the statistics of its own sockets alone" * doctest::skip(!support::kCanFork)) {
  Response response("inproc://parent", named("parent's"));
  CHECK(support::inFork([] {
          support::expect(dividere::statistics().empty(), "nothing at first");
          Response own("inproc://child");
          support::expect(dividere::statistics().size() == 1, "its own socket");
        }).empty());
}

TEST_CASE("the text for Prometheus has each figure once, adds equals up, and escapes names") {
  const std::string name = "a \"quoted\" \\ name\nof two lines";
  Response response("tcp://127.0.0.1:*", named("sum"));
  Request one(localhost(response), named(name)), other(localhost(response), named(name));
  for (Request* request : {&one, &other}) {
    request->send("12345");
    REQUIRE(response.recv(support::kLimit));
    response.send("");
    REQUIRE(request->recv(support::kLimit));
  }
  const std::string text = dividere::openMetrics();
  const std::string labels =
      "{kind=\"request\",name=\"a \\\"quoted\\\" \\\\ name\\nof two lines\",endpoint=\"" + one.endpoint() + "\"}";
  CHECK(contains(text, "dividere_sent_messages_total" + labels + " 2\n"));
  CHECK(contains(text, "dividere_sent_bytes_total" + labels + " 10\n"));
  CHECK(contains(text, "dividere_received_bytes_total{kind=\"response\",name=\"sum\""));
  CHECK(contains(text, "# TYPE dividere_sent_messages_total counter\n"));
  CHECK(text.substr(text.size() - 6) == "# EOF\n");
}
