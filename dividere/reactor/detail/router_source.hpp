#pragma once

// A socket that many ask at once.

#include <deque>
#include <string_view>
#include <vector>

#include "../../connection/detail/router.hpp"
#include "../../messaging/detail/describing.hpp"
#include "handler_table.hpp"
#include "late_replies.hpp"
#include "source.hpp"

namespace dividere::detail {

/// A ROUTER that behaves as a REP socket to whoever asks, but owes its replies in no order, and replies to those who
/// send no empty frame too. All in the loop's thread.
class RouterSource : public Source, public Origin, public LateReplies::Outlet {
 public:
  /// The handlers outlive it.
  RouterSource(const char* who, const connection::SocketOptions& options, HandlerTable& handlers)
      : socket_(who, ZMQ_ROUTER, options),
        handlers_(handlers),
        describing_(socket_, [this](Description& description, TypeBook& types) { addTo(description, types); }) {
    setUpRouter(socket_);
    describing_.announce();
  }

  Socket& socket() override { return socket_; }
  bool hasMessage() override { return socket_.ready(); }
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

  /// Sends to whoever is at the end of that route. Never waits: one who does not read loses it.
  void sendTo(const connection::Route& route, Frame& frame);

  /// The last replies before the end: tells this error to whoever is at the end of these routes, and to those that wait to
  /// be taken, but not for ever to those who go on sending. Waits for peers that read, for no longer than a second in all.
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

  /// Calls its handler.
  void dispatch(const Frame& frame) { handlers_.dispatch(frame.view(), *this); }

  /// Throws Error{outOfTurn} for a second reply.
  void send(Frame& frame) override;

  HandlerTable& handlers() { return handlers_; }

 private:
  void addWaiting(std::vector<connection::Route>& routes);
  void sendLast(const std::vector<connection::Route>& routes, std::string_view bytes);
  void sendWhileRoom(std::deque<const connection::Route*>& routes, std::string_view bytes);

  Socket socket_;
  HandlerTable& handlers_;
  Describing describing_;
};

}  // namespace dividere::detail
