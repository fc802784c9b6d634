#pragma once

// A socket that many ask at once.

#include <vector>

#include "../../connection/detail/router.hpp"
#include "../../core/detail/log_line.hpp"
#include "../../messaging/detail/describing.hpp"
#include "handler_table.hpp"
#include "kept_replies.hpp"
#include "late_replies.hpp"
#include "source.hpp"

namespace dividere::detail {

/// A ROUTER that behaves as a REP socket to whoever asks, but owes its replies in no order, and replies to those who
/// send no empty frame too. All in the loop's thread.
class RouterSource : public Source, public Origin, public LateReplies::Outlet {
 public:
  /// The handlers outlive it.
  RouterSource(const char* who, const connection::SocketOptions& options, HandlerTable& handlers);

  Socket& socket() override { return socket_; }
  bool hasMessage() override {
    sendKept();
    return socket_.ready();
  }
  Deadline::Clock::time_point due() override { return kept_.nextTry(); }
  void take() override { dispatch(receive()); }
  bool failed(const Error& error) noexcept override {
    handlers_.refuseUntaken(*this, error);
    return true;
  }

  void sendLate(const connection::Route& route, Frame& frame) override { sendTo(route, frame); }
  void lateFailed(const connection::Route& route, const Error& error, bool tell) noexcept override;
  void requireLate(std::size_t bytes) override { socket_.requireSendable(bytes); }

  bool owesReply() const override { return true; }
  bool wantsErrors() const override { return true; }

  /// Sends to whoever is at the end of that route. Never waits: for one who has no room it is kept until he has. Beyond a bound
  /// it is dropped, counted and logged: then there was no room (SendResult::full).
  SendResult sendTo(const connection::Route& route, Frame& frame);

  /// The last replies before the end: those that are kept, and this error to whoever is at the end of these routes, and to those
  /// that wait to be taken, but not for ever to those who go on sending. Waits for peers that read, for no longer than a second
  /// in all.
  void refuseAll(std::vector<connection::Route> routes, const Error& error);

 protected:
  /// Receives the next message, and leaves its way back in route(). Throws Error{malformed} if it is not of one frame.
  Frame& receive() {
    newMessage();
    Frame& body = receive(route_);
    learnPeer(socket_, body);
    return body;
  }

  /// The same for one that is not handled now: its way back goes to `route`.
  Frame& receive(connection::Route& route);

  /// Whether the message asks what this is. If it does, it is replied to.
  bool takeQuestion(const connection::Route& route, const Frame& message);

  /// What there is to tell besides.
  virtual void addTo(Description& description, TypeBook& types) { handlers_.describe(description, types); }

  /// Sends what is kept to those who have room now.
  void sendKept() { kept_.roomMayBe(); }

  /// Calls its handler.
  void dispatch(const Frame& frame) {
    comesBy(frame);
    handlers_.dispatch(frame.view(), *this);
  }

  /// Throws Error{outOfTurn} for a second reply.
  void send(Frame& frame) override;

  HandlerTable& handlers() { return handlers_; }

 private:
  void addWaiting(std::vector<connection::Route>& routes);

  Socket socket_;
  HandlerTable& handlers_;
  Describing describing_;
  KeptReplies kept_;
  RateLimit drops_;
};

}  // namespace dividere::detail
