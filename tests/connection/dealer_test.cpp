#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/local.hpp"
#include "support/raw_socket.hpp"
#include "support/temp_dir.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using std::chrono::milliseconds;

TEST_CASE("two dealers exchange any number of messages, both ways, over tcp, ipc and inproc") {
  const TempDir dir;
  for (const std::string& endpoint :
       {std::string("tcp://127.0.0.1:*"), dir.ipc("dealer"), std::string("inproc://dealer")}) {
    CAPTURE(endpoint);
    SocketOptions binding;
    binding.attach = Attach::bind;
    Dealer bound(endpoint, binding);
    Dealer connected(bound.endpoint());
    for (int i = 0; i < 10; ++i) connected.send(std::to_string(i));
    for (int i = 0; i < 10; ++i) {
      const auto message = bound.recv(kLimit);
      REQUIRE(message);
      CHECK(message->route.empty());
      CHECK(message->body == std::to_string(i));
    }
    for (int i = 0; i < 10; ++i) bound.send(std::to_string(i));
    for (int i = 0; i < 10; ++i) CHECK(connected.recv().body == std::to_string(i));
  }
}

TEST_CASE("a dealer binds an endpoint with a wildcard and connects to one without") {
  Dealer bound("tcp://*:*");
  CHECK(bound.port() != 0);
  Dealer connected(local(bound.port()));
  Dealer another(local(bound.port()));  // as only one could bind it
  connected.send("a");
  another.send("b");
  const std::set<std::string> received{bound.recv(kLimit).value().body, bound.recv(kLimit).value().body};
  CHECK(received == std::set<std::string>{"a", "b"});
}

TEST_CASE("a message with a route is its frames, then the message, and arrives so") {
  Dealer bound("tcp://127.0.0.1:*");
  Dealer connected(bound.endpoint());
  const std::vector<Route> routes = {
      {"a"}, {"a", "b"}, {""}, {"a", "", "b"}, {std::string("\0\xFF", 2)}, Route(63, "step")};
  for (const Route& route : routes) {
    connected.send(route, "body");
    const auto message = bound.recv(kLimit);
    REQUIRE(message);
    CHECK(message->route == route);
    CHECK(message->body == "body");
  }
  connected.send(Route{}, "no route");
  CHECK(bound.recv(kLimit).value().route == Route{});
}

TEST_CASE("a dealer and a plain router find each other by routes, under a UUID") {
  RawSocket router(ZMQ_ROUTER);
  const std::string endpoint = router.bind();
  std::vector<Dealer> dealers;
  std::set<std::string> names;
  for (int i = 0; i < 5; ++i) {
    dealers.emplace_back(endpoint);
    dealers.back().send({"way"}, std::to_string(i));
    const auto received = router.recv();
    REQUIRE(received);
    REQUIRE(received->size() == 3);
    const std::string& name = received->front();
    CHECK(name.size() == 36);
    CHECK(name[14] == '4');
    names.insert(name);
    CHECK((*received)[1] == "way");
    CHECK((*received)[2] == std::to_string(i));
    router.send({name, "back", "answer"});
    const auto answer = dealers.back().recv(kLimit);
    REQUIRE(answer);
    CHECK(answer->route == Route{"back"});
    CHECK(answer->body == "answer");
  }
  CHECK(names.size() == 5);
}

TEST_CASE("a dealer's message with an empty frame is a request to a response, the reply comes with one too") {
  Response response("tcp://127.0.0.1:*");
  Dealer dealer(response.endpoint());
  for (int i = 0; i < 3; ++i) dealer.sendWithEmptyFrame("ask " + std::to_string(i));
  for (int i = 0; i < 3; ++i) {
    CHECK(response.recv(kLimit) == "ask " + std::to_string(i));
    response.send("answer " + std::to_string(i));
  }
  for (int i = 0; i < 3; ++i) {
    const auto answer = dealer.recv(kLimit);
    REQUIRE(answer);
    CHECK(answer->route == Route{""});
    CHECK(answer->body == "answer " + std::to_string(i));
  }
}

TEST_CASE("frames before the empty one come back from a response untouched") {
  Response response("tcp://127.0.0.1:*");
  Dealer dealer(response.endpoint());
  const Route route{std::string("\0\1\2", 3), "second", ""};
  dealer.send(route, "ask");
  CHECK(response.recv(kLimit) == "ask");
  response.send("answer");
  const auto answer = dealer.recv(kLimit);
  REQUIRE(answer);
  CHECK(answer->route == route);
}

TEST_CASE("waiting tells of a message and leaves it there; a time-out comes no earlier than asked for") {
  Dealer bound("tcp://127.0.0.1:*");
  Dealer connected(bound.endpoint());
  const auto took = [](const auto& action) {
    const auto began = std::chrono::steady_clock::now();
    action();
    return std::chrono::steady_clock::now() - began;
  };
  CHECK(took([&] { CHECK_FALSE(bound.wait(milliseconds(30))); }) >= milliseconds(30));
  CHECK(took([&] { CHECK_FALSE(bound.recv(milliseconds(30))); }) >= milliseconds(30));
  connected.send({"way"}, "body");
  CHECK(bound.wait(kLimit));
  CHECK(bound.wait(milliseconds(0)));
  const auto message = bound.recv(milliseconds(0));
  REQUIRE(message);
  CHECK(message->route == Route{"way"});
  CHECK(message->body == "body");
  CHECK_FALSE(bound.wait(milliseconds(0)));
}

TEST_CASE("sending with a time-out is false while nobody is there, and nothing is sent") {
  Dealer bound("tcp://127.0.0.1:*");
  CHECK_FALSE(bound.send("a", milliseconds(10)));
  CHECK_FALSE(bound.send({"way", "there"}, "b", milliseconds(10)));
  Dealer connected(bound.endpoint());
  CHECK(bound.send({"way"}, "c", kLimit));
  const auto message = connected.recv(kLimit);
  REQUIRE(message);
  CHECK(message->route == Route{"way"});
  CHECK(message->body == "c");
}

TEST_CASE("a full queue makes a dealer wait, and a time-out value tells that nothing was sent") {
  SocketOptions narrow;
  narrow.sendQueue = narrow.receiveQueue = 1;
  narrow.kernelSendBuffer = narrow.kernelReceiveBuffer = 4096;
  Dealer receiving("tcp://127.0.0.1:*", narrow);
  Dealer sending(receiving.endpoint(), narrow);
  const std::string big(100000, 'x');
  int sent = 0;
  while (sent < 10000 && sending.send({std::to_string(sent)}, big, kShort)) ++sent;
  REQUIRE(sent < 10000);
  for (int i = 0; i < sent; ++i) {
    const auto message = receiving.recv(kLimit);
    REQUIRE(message);
    CHECK(message->route == Route{std::to_string(i)});
  }
  CHECK_FALSE(receiving.wait(kShort));
  sending.send("room again");
  CHECK(receiving.recv(kLimit).value().body == "room again");
}

TEST_CASE("a message of more than 64 frames is malformed, one of 64 is not, and the next one is fine") {
  Dealer receiving("tcp://127.0.0.1:*");
  RawSocket sending(ZMQ_DEALER);
  sending.connect(receiving.endpoint());
  for (const std::size_t frames : {65U, 66U, 5000U}) {
    sending.send(Frames(frames, "step"));
    sending.send(Frames(64, "step"));
    const std::string what = whatOf([&] { receiving.recv(kLimit); });
    CHECK(contains(what, "connection::Dealer"));
    CHECK(contains(what, std::to_string(frames) + " frames"));
    CHECK(receiving.recv(kLimit).value().route.size() == 63);
  }
  sending.send(Frames(65, "step"));
  CHECK(receiving.wait(kLimit));
  CHECK(codeOf([&] { receiving.recv(); }) == Errc::malformed);
}

TEST_CASE("a route or a message that is too large is not sent, no frame of it") {
  SocketOptions narrow;
  narrow.maxMessageBytes = 100;
  Dealer receiving("tcp://127.0.0.1:*", narrow);
  Dealer sending(receiving.endpoint(), narrow);
  const std::string tooMuch(101, 'x');
  CHECK(codeOf([&] { sending.send(tooMuch); }) == Errc::tooLarge);
  CHECK(codeOf([&] { sending.send({"fine", tooMuch}, "body"); }) == Errc::tooLarge);
  CHECK(codeOf([&] { sending.send({"fine"}, tooMuch); }) == Errc::tooLarge);
  sending.send({"way"}, std::string(100, 'x'));
  const auto message = receiving.recv(kLimit);
  REQUIRE(message);
  CHECK(message->route == Route{"way"});
}
