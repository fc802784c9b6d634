#pragma once

// A socket that many ask at once.

#include "../../connection/detail/router.hpp"
#include "reactor_loop.hpp"

namespace dividere::detail {

/// A ROUTER that behaves as a REP socket to whoever asks, but owes its answers in no order, and answers those who
/// send no empty frame too.
class RouterSource : public Source {
 public:
  RouterSource(const char* who, const connection::SocketOptions& options) : socket_(who, ZMQ_ROUTER, options) {
    setUpRouter(socket_);
  }

  Socket& socket() override { return socket_; }
  bool hasMessage() override { return socket_.ready(); }
  void take(HandlerTable& handlers) override;

  /// Throws Error{outOfTurn} for a second answer.
  void send(Frame& frame) override;
  bool owesAnswer() const override { return true; }
  bool wantsErrors() const override { return true; }

  /// The answer to whoever is at the end of that route. Never waits: one who does not read loses it.
  void reply(const connection::Route& route, Frame& frame);

  /// Answers those that wait to be taken with this error, but not for ever those who go on sending.
  void refuseWaiting(const Error& error);

 protected:
  /// Receives the next message, and leaves its way back in route(). Throws Error{malformed} if it is not of one frame.
  Frame& receive();

 private:
  Socket socket_;
};

}  // namespace dividere::detail
