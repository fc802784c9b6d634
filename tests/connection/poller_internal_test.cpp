// Whoever polls on a socket's descriptor learns when it has become silent about a message.
#include <doctest/doctest.h>
#include <poll.h>
#include <zmq.h>
#include <dividere.hpp>

#include <string>

#include "dividere/connection/detail/socket.hpp"
#include "support/raw_socket.hpp"

using namespace support;
using dividere::connection::SocketOptions;
using dividere::detail::Deadline;
using dividere::detail::Frame;
using dividere::detail::Multipart;
using dividere::detail::Poller;
using dividere::detail::Socket;

namespace {

/// A socket, one peer, and somebody who polls.
class Stage final : public Poller {
 public:
  Stage() {
    socket.bind("tcp://127.0.0.1:*");
    peer.connect(socket.endpoint());
    peer.send({"hello"});
    REQUIRE(socket.receive(Deadline::in(kLimit)));
    REQUIRE_FALSE(socket.tryReceive());
    socket.setPoller(this);
  }

  void lookAgain() override { ++told; }

  void awaitSignal() {
    pollfd waits{socket.descriptor(), POLLIN, 0};
    REQUIRE(::poll(&waits, 1, static_cast<int>(kLimit.count())) == 1);
  }

  Socket socket{"a socket", ZMQ_DEALER, SocketOptions()};
  RawSocket peer{ZMQ_DEALER};
  int told = 0;
};

}  // namespace

TEST_CASE("whoever polls is told once of signals that sending takes in, and anew when a receive has found nothing") {
  Stage stage;
  for (int round = 1; round < 3; ++round) {
    CAPTURE(round);
    for (int i = 0; i < 3; ++i) {
      Frame frame("message");
      CHECK(stage.socket.send(frame, Deadline::never()));
      CHECK(stage.told == round);
    }
    CHECK(stage.socket.mayHaveMessage());
    CHECK_FALSE(stage.socket.tryReceive());
    CHECK_FALSE(stage.socket.mayHaveMessage());
    CHECK(stage.told == round);
  }
}

TEST_CASE("whoever polls is told of the signals that any call takes in") {
  Stage stage;
  const auto check = [&](const auto& call) {
    stage.socket.foundNothing();
    stage.told = 0;
    call();
    CHECK(stage.told == 1);
    CHECK(stage.socket.mayHaveMessage());
  };
  check([&] {
    Multipart message;
    message.push("to");
    message.push("message");
    stage.socket.trySend(message);
  });
  check([&] { stage.socket.refresh(); });
  check([&] { stage.socket.get(ZMQ_EVENTS); });
  check([&] { stage.socket.await(ZMQ_POLLOUT, Deadline::never()); });
  check([&] {
    stage.peer.send({"one"});
    stage.peer.send({"two"});
    CHECK(stage.socket.receive(Deadline::in(kLimit)));
  });
  check([&] { stage.socket.forgetUnsent(); });
}

TEST_CASE("who declines what has come is not told of it, nor by the descriptor, but of what is sent after it") {
  Stage stage;
  stage.peer.send({"message"});
  stage.awaitSignal();
  stage.told = 0;
  stage.socket.decline();
  CHECK_FALSE(stage.socket.mayHaveMessage());
  pollfd waits{stage.socket.descriptor(), POLLIN, 0};
  CHECK(::poll(&waits, 1, 0) == 0);
  stage.told = 0;
  Frame frame("message");
  CHECK(stage.socket.send(frame, Deadline::never()));
  CHECK(stage.told == 1);
  CHECK(stage.socket.tryReceive());
}
