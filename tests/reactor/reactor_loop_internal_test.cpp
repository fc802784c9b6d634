// The loop and the signals of its sources' sockets.
#include <doctest/doctest.h>
#include <poll.h>
#include <zmq.h>
#include <dividere.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "dividere/connection/detail/router.hpp"
#include "dividere/reactor/detail/reactor_loop.hpp"
#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/raw_socket.hpp"

using namespace support;
using dividere::connection::SocketOptions;
using dividere::detail::makeRouter;
using dividere::detail::Multipart;
using dividere::detail::ReactorLoop;
using dividere::detail::SendResult;
using dividere::detail::Socket;
using dividere::detail::Source;

namespace {

class Counting final : public Source {
 public:
  Counting(std::unique_ptr<Socket> socket, std::function<bool(Socket&)> onTurn)
      : socket_(std::move(socket)), onTurn_(std::move(onTurn)) {}

  Socket& socket() override { return *socket_; }
  bool hasMessage() override {
    ++turns;
    return onTurn_(*socket_);
  }
  void take() override {
    socket_->tryReceive();
    ++taken;
  }

  std::atomic<int> turns{0};
  std::atomic<int> taken{0};

 private:
  std::unique_ptr<Socket> socket_;
  std::function<bool(Socket&)> onTurn_;
};

/// In the loop's thread, before this returns.
void runIn(ReactorLoop& loop, const std::function<void()>& function) {
  std::promise<void> done;
  loop.post([&] {
    function();
    done.set_value();
  });
  done.get_future().get();
}

/// A ROUTER in a loop, and a peer of it that goes by the name "peer".
class Stage {
 public:
  Stage(const SocketOptions& options, std::function<bool(Socket&)> onTurn) {
    auto router = makeRouter("a router", 0, options);
    peer.set(ZMQ_ROUTING_ID, "peer");
    peer.set(ZMQ_RCVHWM, 1);
    peer.set(ZMQ_RCVBUF, 4096);
    peer.connect(local(router->port()));
    auto made = std::make_unique<Counting>(std::move(router), std::move(onTurn));
    source = made.get();
    loop.add(std::move(made));
    loop.start();
    peer.send({"hello"});
    REQUIRE(eventually([&] { return source->taken == 1; }));
  }
  ~Stage() { loop.stop(); }

  RawSocket peer{ZMQ_DEALER};
  ReactorLoop loop{"a loop"};
  Counting* source;
};

Multipart toPeer(const std::string& payload) {
  Multipart message;
  message.push("peer");
  message.push(std::string_view(payload));
  return message;
}

}  // namespace

TEST_CASE("a message whose signal was taken in out of turn is taken all the same") {
  Stage stage(SocketOptions(), [](Socket& socket) { return socket.ready(); });
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    const int before = stage.source->taken;
    runIn(stage.loop, [&] {
      stage.peer.send({"message"});
      pollfd waits{stage.source->socket().descriptor(), POLLIN, 0};
      ::poll(&waits, 1, static_cast<int>(kLimit.count()));
      stage.source->socket().refresh();
    });
    REQUIRE(eventually([&] { return stage.source->taken == before + 1; }));
  }
}

TEST_CASE("a message whose signal was taken in at the end of a turn is taken all the same") {
  Stage* on = nullptr;
  bool isArmed = false;
  Stage stage(SocketOptions(), [&](Socket& socket) {
    if (socket.ready()) return true;
    if (std::exchange(isArmed, false)) {
      on->peer.send({"message"});
      pollfd waits{socket.descriptor(), POLLIN, 0};
      ::poll(&waits, 1, static_cast<int>(kLimit.count()));
      socket.refresh();
    }
    return false;
  });
  on = &stage;
  for (int i = 0; i < 20; ++i) {
    CAPTURE(i);
    const int before = stage.source->taken;
    runIn(stage.loop, [&] {
      isArmed = true;
      stage.source->lookAgain();
    });
    REQUIRE(eventually([&] { return stage.source->taken == before + 1; }));
  }
}

TEST_CASE("a source that sends in vain at each turn does not keep its loop going round") {
  SocketOptions narrow;
  narrow.sendQueue = 1;
  narrow.kernelSendBuffer = 4096;
  const std::string large(100000, 'x');
  std::atomic<bool> isFull{false};
  Stage stage(narrow, [&](Socket& socket) {
    if (isFull) {
      Multipart message = toPeer(large);
      socket.trySend(message);
    }
    return socket.ready();
  });
  runIn(stage.loop, [&] {
    for (int i = 0; i < 10000; ++i) {
      Multipart message = toPeer(large);
      if (stage.source->socket().trySend(message) != SendResult::sent) break;
    }
    isFull = true;
  });
  runIn(stage.loop, [&] { stage.source->lookAgain(); });
  const int before = stage.source->turns;
  for (int i = 0; i < 1000; ++i) runIn(stage.loop, [] {});
  CHECK(stage.source->turns - before < 100);
}

TEST_CASE("a source that declines is left alone until it looks again") {
  std::atomic<bool> wants{true};
  Stage stage(SocketOptions(), [&](Socket& socket) {
    if (wants) return socket.ready();
    socket.decline();
    return false;
  });
  runIn(stage.loop, [&] { wants = false; });
  const int before = stage.source->turns;
  for (int i = 0; i < 10; ++i) stage.peer.send({"message"});
  REQUIRE(eventually([&] { return stage.source->turns > before; }));
  for (int i = 0; i < 1000; ++i) runIn(stage.loop, [] {});
  CHECK(stage.source->turns - before < 100);
  CHECK(stage.source->taken == 1);
  runIn(stage.loop, [&] {
    wants = true;
    stage.source->lookAgain();
  });
  CHECK(eventually([&] { return stage.source->taken == 11; }));
}
