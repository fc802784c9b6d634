#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "support/events.hpp"
#include "support/local.hpp"
#include "support/raw_socket.hpp"
#include "support/temp_dir.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using std::chrono::milliseconds;

namespace {

/// One request and its reply, with all that each side may do at each step.
void exchange(Request& request, Response& response, const std::string& text) {
  request.send("ask " + text);
  CHECK(response.recv(kLimit) == "ask " + text);
  response.send("answer " + text);
  CHECK(request.recv(kLimit) == "answer " + text);
}

}  // namespace

TEST_CASE("a request is replied to over tcp, ipc and inproc") {
  const TempDir dir;
  for (const std::string& endpoint : {std::string("tcp://127.0.0.1:*"), dir.ipc("rep"), std::string("inproc://rep")}) {
    CAPTURE(endpoint);
    Response response(endpoint);
    Request request(response.endpoint());
    exchange(request, response, "once");
    exchange(request, response, "");
    exchange(request, response, std::string(1 << 20, 'x'));
    request.send("without time-outs");
    CHECK(response.recv() == "without time-outs");
    response.send("fine");
    CHECK(request.recv() == "fine");
  }
}

TEST_CASE("a response binds a wildcard tcp endpoint and any other transport, and connects to a plain tcp one") {
  CHECK(Response("tcp://*:*").port() != 0);
  CHECK(Response("inproc://bound").endpoint() == "inproc://bound");
  RawSocket dealer(ZMQ_DEALER);
  Response connecting(dealer.bind());
  dealer.send({"client", "", "ask"});
  CHECK(connecting.recv(kLimit) == "ask");
  connecting.send("answer");
  CHECK(dealer.recv() == Frames{"client", "", "answer"});
}

TEST_CASE("a request may bind, and a response connect to it") {
  SocketOptions binding;
  binding.attach = Attach::bind;
  Request request("tcp://127.0.0.1:*", binding);
  CHECK_FALSE(request.send("nobody to send to", milliseconds(10)));
  Response response(request.endpoint());
  exchange(request, response, "once");
  exchange(request, response, "twice");
}

TEST_CASE("a request waits for a responder that comes later") {
  const TempDir dir;
  const auto port = PortManager::acquire();
  const std::string tcp = local(port);
  SocketOptions binding;
  binding.attach = Attach::bind;
  for (const std::string& endpoint : {tcp, dir.ipc("late"), std::string("inproc://late")}) {
    CAPTURE(endpoint);
    Request request(endpoint);
    request.send("early");
    Response response(endpoint, binding);
    CHECK(response.recv(kLimit) == "early");
    response.send("late");
    CHECK(request.recv(kLimit) == "late");
  }
  PortManager::release(port);
}

TEST_CASE("sending and receiving out of turn throws on both sides, and harms nothing") {
  Response response("tcp://127.0.0.1:*");
  Request request(response.endpoint());
  for (int i = 0; i < 3; ++i) {
    CHECK(codeOf([&] { request.recv(); }) == Errc::outOfTurn);
    CHECK(codeOf([&] { request.recv(milliseconds(0)); }) == Errc::outOfTurn);
    CHECK(codeOf([&] { response.send("unasked"); }) == Errc::outOfTurn);
    CHECK(codeOf([&] { response.send("unasked", milliseconds(0)); }) == Errc::outOfTurn);
    request.send("ask");
    CHECK(codeOf([&] { request.send("again"); }) == Errc::outOfTurn);
    CHECK(codeOf([&] { request.send("again", milliseconds(0)); }) == Errc::outOfTurn);
    CHECK(codeOf([&] { response.send("before reading"); }) == Errc::outOfTurn);
    CHECK(response.recv(kLimit) == "ask");
    CHECK(codeOf([&] { response.recv(); }) == Errc::outOfTurn);
    CHECK(codeOf([&] { response.recv(milliseconds(0)); }) == Errc::outOfTurn);
    response.send("answer");
    CHECK(codeOf([&] { response.send("twice"); }) == Errc::outOfTurn);
    CHECK(request.recv(kLimit) == "answer");
  }
  CHECK(whatOf([&] { request.recv(); }) == "connection::Request: receive with nothing asked: out of turn");
  CHECK(whatOf([&] { response.send(""); }) == "connection::Response: send with no request to reply to: out of turn");
}

TEST_CASE("waiting tells of a request or a reply, leaves it there, and is false at once out of turn") {
  Response response("tcp://127.0.0.1:*");
  Request request(response.endpoint());
  CHECK_FALSE(request.wait(milliseconds::max()));  // nothing asked: nothing to wait for
  CHECK_FALSE(response.wait(milliseconds(0)));
  request.send("ask");
  CHECK(response.wait(milliseconds::max()));
  CHECK(response.wait(milliseconds(0)));
  CHECK(response.recv(milliseconds(0)) == "ask");
  CHECK_FALSE(response.wait(milliseconds::max()));  // a reply is owed
  CHECK_FALSE(request.wait(milliseconds(0)));
  response.send("answer");
  CHECK(request.wait(milliseconds::max()));
  CHECK(codeOf([&] { request.send("with the reply unread"); }) == Errc::outOfTurn);
  CHECK(request.wait(milliseconds(0)));
  CHECK(request.recv(milliseconds(0)) == "answer");
  CHECK_FALSE(request.wait(milliseconds::max()));
}

TEST_CASE("a time-out comes no earlier than asked for") {
  Response response("tcp://127.0.0.1:*");
  Request request(response.endpoint());
  request.send("ask");
  const auto took = [](const auto& action) {
    const auto began = std::chrono::steady_clock::now();
    action();
    return std::chrono::steady_clock::now() - began;
  };
  CHECK(took([&] { CHECK_FALSE(request.wait(milliseconds(30))); }) >= milliseconds(30));
  CHECK(took([&] { CHECK(request.recv(milliseconds(30)) == std::nullopt); }) >= milliseconds(30));
  REQUIRE(response.recv(kLimit));
  response.send("answer");
  REQUIRE(request.recv(kLimit));
  CHECK(took([&] { CHECK_FALSE(response.wait(milliseconds(30))); }) >= milliseconds(30));
  CHECK(took([&] { CHECK(response.recv(milliseconds(30)) == std::nullopt); }) >= milliseconds(30));
}

TEST_CASE("after a time-out the next request may be sent, and the late reply is not its reply") {
  for (const bool byWaiting : {false, true}) {
    CAPTURE(byWaiting);
    Response response("tcp://127.0.0.1:*");
    Request request(response.endpoint());
    for (int i = 0; i < 3; ++i) {
      request.send("slow");
      REQUIRE(response.recv(kLimit) == "slow");
      if (byWaiting) {
        REQUIRE_FALSE(request.wait(milliseconds(1)));
      } else {
        REQUIRE(request.recv(milliseconds(1)) == std::nullopt);
      }
      request.send("next");
      response.send("late");
      REQUIRE(response.recv(kLimit) == "next");
      response.send("right");
      CHECK(request.recv(kLimit) == "right");
    }
  }
}

TEST_CASE("after a time-out the reply may still be waited for") {
  Response response("tcp://127.0.0.1:*");
  Request request(response.endpoint());
  request.send("ask");
  REQUIRE(request.recv(milliseconds(1)) == std::nullopt);
  REQUIRE(response.recv(kLimit) == "ask");
  REQUIRE_FALSE(request.wait(milliseconds(1)));
  response.send("late, but here");
  CHECK(request.wait(kLimit));
  CHECK(request.recv(kLimit) == "late, but here");
  exchange(request, response, "next");
}

TEST_CASE("a request survives its responder, who is replaced") {
  const Events events;
  SocketOptions quick = events.options(), binding;
  quick.reconnect = milliseconds(10);
  binding.attach = Attach::bind;
  const auto port = PortManager::acquire();
  const std::string endpoint = local(port);
  Request request(endpoint, quick);
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(events.wait(EventType::disconnected, i));  // what is sent before goes with the former one
    Response response(endpoint, binding);
    exchange(request, response, std::to_string(i));
    request.send("never answered");
    REQUIRE(response.recv(kLimit));
    REQUIRE(request.recv(milliseconds(0)) == std::nullopt);
  }
  PortManager::release(port);
}

TEST_CASE("several requests to one response get a reply each, their own") {
  Response response("tcp://127.0.0.1:*");
  std::vector<Request> requests;
  for (int i = 0; i < 20; ++i) requests.emplace_back(response.endpoint());
  for (std::size_t i = 0; i < requests.size(); ++i) requests[i].send(std::to_string(i));
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto asked = response.recv(kLimit);
    REQUIRE(asked);
    response.send("answer " + *asked);
  }
  for (std::size_t i = 0; i < requests.size(); ++i) CHECK(requests[i].recv(kLimit) == "answer " + std::to_string(i));
}

TEST_CASE("a reply to one who is gone is dropped, and the next request is replied to") {
  Response response("tcp://127.0.0.1:*");
  std::optional<Request> gone(std::in_place, response.endpoint());
  gone->send("ask");
  REQUIRE(response.recv(kLimit) == "ask");
  gone.reset();
  response.send("for nobody");
  Request request(response.endpoint());
  exchange(request, response, "next");
}

TEST_CASE("a request of several frames is malformed, and the next one is fine") {
  Response response("tcp://127.0.0.1:*");
  RawSocket odd(ZMQ_REQ);
  odd.connect(response.endpoint());
  Request proper(response.endpoint());
  for (const bool answers : {false, true}) {
    CAPTURE(answers);
    odd.send({"two", "frames"});
    CHECK(codeOf([&] { response.recv(kLimit); }) == Errc::malformed);
    if (answers) response.send("that was odd");
    exchange(proper, response, "fine");
    CHECK(odd.recv() == Frames{answers ? "that was odd" : ""});
  }
}

TEST_CASE("a reply of several frames is malformed, and the next one is fine") {
  RawSocket response(ZMQ_REP);
  Request request(response.bind());
  request.send("ask");
  REQUIRE(response.recv() == Frames{"ask"});
  response.send({"two", "frames"});
  CHECK(codeOf([&] { request.recv(kLimit); }) == Errc::malformed);
  request.send("ask again");
  REQUIRE(response.recv() == Frames{"ask again"});
  response.send({"fine"});
  CHECK(request.recv(kLimit) == "fine");
}

TEST_CASE("a plain ZeroMQ peer is replied to, and replies") {
  Response response("tcp://127.0.0.1:*");
  RawSocket asking(ZMQ_REQ);
  asking.connect(response.endpoint());
  asking.send({"ask"});
  CHECK(response.recv(kLimit) == "ask");
  response.send("answer");
  CHECK(asking.recv() == Frames{"answer"});
}

TEST_CASE("what is too large to send is not sent, and it is still one's turn") {
  SocketOptions narrow;
  narrow.maxMessageBytes = 100;
  Response response("tcp://127.0.0.1:*", narrow);
  Request request(response.endpoint(), narrow);
  const std::string most(100, 'x'), tooMuch(101, 'x');
  CHECK(codeOf([&] { request.send(tooMuch); }) == Errc::tooLarge);
  CHECK(contains(whatOf([&] { request.send(tooMuch); }), "101 bytes"));
  request.send(most);
  CHECK(response.recv(kLimit) == most);
  CHECK(codeOf([&] { response.send(tooMuch); }) == Errc::tooLarge);
  response.send(most);
  CHECK(request.recv(kLimit) == most);
}

TEST_CASE("a request that nobody takes never waits for room that those given up have taken") {
  SocketOptions small;
  small.sendQueue = 4;
  small.reconnect = milliseconds(10);
  SocketOptions binds;
  binds.attach = Attach::bind;
  const std::uint16_t port =
      PortManager::acquire();  // that of a server just gone would take a request or two to its grave
  Request request(local(port), small);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(request.send("given up", kLimit));
    CHECK_FALSE(request.recv(milliseconds(0)));
  }
  CHECK(request.send("wanted", kLimit));

  Response late(local(port), binds);
  CHECK(late.recv(kLimit) == "wanted");  // those given up are forgotten
  late.send("an answer");
  CHECK(request.recv(kLimit) == "an answer");
  PortManager::release(port);
}

TEST_CASE("a request that could not be sent in time owes no reply") {
  SocketOptions binds;
  binds.attach = Attach::bind;
  Request request("tcp://127.0.0.1:*", binds);
  CHECK_FALSE(request.send("nobody is there", milliseconds(0)));
  CHECK_FALSE(request.wait(milliseconds(0)));
  CHECK(codeOf([&] { request.recv(milliseconds(0)); }) == Errc::outOfTurn);
}
