// Messages of several frames leave whole, or not at all.
#include <doctest/doctest.h>
#include <zmq.h>
#include <dividere.hpp>

#include <memory>
#include <string>

#include "dividere/connection/detail/router.hpp"
#include "support/local.hpp"
#include "support/raw_socket.hpp"
#include "support/thrown.hpp"

using namespace support;
using dividere::Errc;
using dividere::connection::Route;
using dividere::connection::SocketOptions;
using dividere::detail::Deadline;
using dividere::detail::Frame;
using dividere::detail::makeRouter;
using dividere::detail::Multipart;
using dividere::detail::SendResult;
using dividere::detail::Socket;

namespace {

SocketOptions narrow() {
  SocketOptions options;
  options.sendQueue = 3;
  options.kernelSendBuffer = 4096;
  options.maxMessageBytes = 50000;
  return options;
}

/// A ROUTER and a peer of it that goes by the name "peer".
class Stage {
 public:
  Stage() : router(makeRouter("the router", 0, narrow())) {
    peer.set(ZMQ_ROUTING_ID, "peer");
    peer.set(ZMQ_RCVHWM, 3);
    peer.set(ZMQ_RCVBUF, 4096);
    peer.connect(local(router->port()));
    peer.send({"hello"});
    REQUIRE(router->wait(Deadline::in(kLimit)));
    router->tryReceive();
  }

  const std::unique_ptr<Socket> router;
  RawSocket peer{ZMQ_DEALER};
};

Multipart to(const std::string& name, const std::string& payload) {
  Multipart message;
  message.push(std::string_view(name));
  message.push("way");
  message.push(std::string_view(payload));
  return message;
}

Frames contents(const Multipart& message) {
  Frames frames;
  for (const Frame& frame : message.frames()) frames.push_back(frame.str());
  return frames;
}

}  // namespace

TEST_CASE("a message for one who is not there is told to be for nobody, and is still whole") {
  Stage stage;
  Multipart message = to("nobody", "payload");
  CHECK(stage.router->trySend(message) == SendResult::gone);
  CHECK((contents(message) == Frames{"nobody", "way", "payload"}));
  CHECK(codeOf([&] { stage.router->send(message, Deadline::in(kLimit)); }) == std::errc::host_unreachable);
  CHECK((contents(message) == Frames{"nobody", "way", "payload"}));
  Frame payload("payload");
  CHECK(stage.router->trySend(Route{"nobody"}, payload) == SendResult::gone);
  CHECK(payload.view() == "payload");
}

TEST_CASE("of a message with a frame that is too large nothing is sent") {
  Stage stage;
  const std::string large(50001, 'x');
  Multipart message = to("peer", large);
  CHECK(codeOf([&] { stage.router->trySend(message); }) == Errc::tooLarge);
  CHECK((contents(message) == Frames{"peer", "way", large}));
  Frame payload(large);
  CHECK(codeOf([&] { stage.router->send(Route{"peer", "way"}, payload, Deadline::in(kLimit)); }) == Errc::tooLarge);
  Frame small("payload");
  CHECK(stage.router->send(Route{"peer", "way"}, small, Deadline::in(kLimit)));
  CHECK((stage.peer.recv() == Frames{"way", "payload"}));
}

TEST_CASE("a message that there is no room for stays whole, and those before it arrive whole") {
  Stage stage;
  const std::string large(50000, 'x');
  std::size_t sent = 0;
  Multipart message = to("peer", large);
  while (sent < 10000 && stage.router->trySend(message) == SendResult::sent) {
    CHECK((contents(message) == Frames{"", "", ""}));
    message = to("peer", large);
    ++sent;
  }
  REQUIRE(sent < 10000);
  CHECK((contents(message) == Frames{"peer", "way", large}));
  Frame payload{std::string_view(large)};
  while (stage.router->trySend(Route{"peer", "way"}, payload) == SendResult::sent) {
    payload = Frame(std::string_view(large));
    ++sent;
  }
  CHECK((payload.view() == large));
  for (std::size_t i = 0; i < sent; ++i) CHECK((stage.peer.recv() == Frames{"way", large}));
  CHECK(stage.router->send(message, Deadline::in(kLimit)));
  CHECK((stage.peer.recv() == Frames{"way", large}));
}

TEST_CASE("a received message is taken apart into its route and its payload") {
  Stage stage;
  stage.peer.send({"way", "", "payload"});
  REQUIRE(stage.router->receive(Deadline::in(kLimit)));
  Multipart& message = stage.router->inbox();
  CHECK(message.size() == 4);
  CHECK(message.bytes() == 14);
  Route route{"what was there before"};
  message.copyRouteTo(route);
  CHECK((route == Route{"peer", "way", ""}));
  CHECK(message.takePayload().view() == "payload");
  CHECK((contents(message) == Frames{"peer", "way", ""}));
}

TEST_CASE("frames that share their bytes keep them, whichever goes first") {
  for (const std::size_t size : {0u, 10u, 1000u, 100000u}) {
    CAPTURE(size);
    const std::string bytes(size, 'x');
    auto first = std::make_unique<Frame>(std::string_view(bytes));
    Frame second = first->share();
    Frame third = second.share();
    CHECK((size < 100 || second.data() == first->data()));
    first.reset();
    second = Frame();
    CHECK((third.view() == bytes));
  }
}
