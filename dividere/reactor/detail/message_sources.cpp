#include "message_sources.hpp"

#include <algorithm>
#include <optional>

#include "../../connection/detail/access.hpp"
#include "../../connection/detail/newest.hpp"
#include "../../core/detail/options.hpp"
#include "../../messaging/detail/error_envelope.hpp"
#include "caller_watch.hpp"
#include "late_replies.hpp"
#include "outgoing.hpp"

namespace dividere::detail {

constexpr Timeout kAtOnce = std::chrono::milliseconds(0);

// A reactor's thread serves others too: it does not wait for ever for one peer that takes nothing.
constexpr Timeout kReplyLimit = std::chrono::milliseconds(1000);

/// What the four have in common. A Messaging socket's own ways to receive and to send are in the classes below.
template <class Messaging>
class MessageSource : public Source, public Origin {
 public:
  MessageSource(Messaging&& socket, HandlerTable& handlers) : messaging_(std::move(socket)), handlers_(handlers) {}

  Socket& socket() override { return Access::socketOf(connection()); }
  bool hasMessage() override { return socket().ready(); }
  bool failed(const Error& error) noexcept override {
    handlers_.refuseUntaken(*this, error);
    return true;
  }

  bool owesReply() const override { return false; }
  bool wantsErrors() const override { return false; }

 protected:
  auto& connection() { return messaging_.connection(); }
  void dispatch(const Frame& frame) { handlers_.dispatch(frame.view(), *this); }
  /// The same of a socket that peers come to.
  void dispatchFrom(const Frame& frame) {
    learnPeer(socket(), frame);
    dispatch(frame);
  }
  void requireSent(bool sent) {
    if (!sent) throw Error(Errc::overloaded, socket().who() + ": send: the peer has taken nothing for a second");
  }

  HandlerTable& handlers() { return handlers_; }

 private:
  Messaging messaging_;
  HandlerTable& handlers_;
};

/// One whose requests may be replied to later.
template <class Messaging>
class DeferringSource : public MessageSource<Messaging>, public LateReplies::Outlet {
 public:
  using MessageSource<Messaging>::MessageSource;

  void sendLate(const connection::Route& route, Frame& frame) override {
    try {
      sendNow(route, frame);
    } catch (const Error& error) {
      this->handlers().report(error);
    }
  }
  void lateFailed(const connection::Route& route, const Error& error, bool tell) noexcept override {
    this->handlers().lateFailed(error);
    try {
      Frame frame{std::string_view(errorEnvelope(error))};
      if (tell) sendLate(route, frame);
    } catch (const std::exception&) {
      // Longer than this socket lets anything be, or no memory: nobody can be told.
    }
  }
  void requireLate(std::size_t bytes) override { this->socket().requireSendable(bytes); }

 protected:
  /// Without waiting.
  virtual void sendNow(const connection::Route& route, Frame& frame) = 0;

  std::shared_ptr<LateReplies> lateReplies() override {
    if (!late_) late_ = std::make_shared<LateReplies>(*this->loop(), *this);
    return late_;
  }

  /// As the source ends: whoever still waits for a reply is told.
  void endLate() noexcept {
    if (!late_) return;
    for (const connection::Route& route : late_->close()) {
      try {
        Frame frame{std::string_view(errorEnvelope(Error(Errc::stopping, this->socket().who())))};
        sendNow(route, frame);
      } catch (const std::exception&) {
        // One that takes nothing any more.
      }
    }
  }

 private:
  std::shared_ptr<LateReplies> late_;
};

/// One that other threads may send by. Base is one of the above.
template <class Base>
class SendingSource : public Base, public Outgoing::Outlet {
 public:
  using Base::Base;

  std::shared_ptr<Outgoing> outgoing(ReactorLoop& loop) override {
    if (!outgoing_) outgoing_ = std::make_shared<Outgoing>(loop, *this);
    return outgoing_;
  }

  bool trySend(const connection::Route& route, Frame& frame) override {
    isStuck_ = !sendIfRoom(route, frame);
    return !isStuck_;
  }
  void unsent(const Error& error) noexcept override { this->handlers().report(error); }
  void requireSendable(const connection::Route& route, std::size_t bytes) override {
    requireRoute(route);
    this->socket().requireSendable(bytes);
  }

  // What is stuck is tried again until there is no news of the socket: a receive may have taken in the signal that there is
  // room.
  bool hasMessage() override {
    if (isStuck_) outgoing_->flush();
    bool isThere = wants() && this->socket().ready();
    while (!isThere && isStuck_) {
      if (!hasNews()) return false;
      outgoing_->flush();
      isThere = wants() && this->socket().ready();
    }
    if (!isThere && !wants()) this->socket().decline();
    return isThere;
  }

 protected:
  /// Whether it wants a message at the moment, and may send one.
  virtual bool wants() { return true; }
  virtual bool maySend() { return true; }
  virtual bool sendIfRoom(const connection::Route& route, Frame& frame) = 0;
  virtual void requireRoute(const connection::Route&) {}

  /// As the source ends.
  void endOutgoing() noexcept {
    if (outgoing_) outgoing_->close();
  }

 private:
  /// Whether anything has changed; if not, the descriptor will tell of it.
  bool hasNews() {
    this->socket().attend();
    const int events = this->socket().get(ZMQ_EVENTS);
    if ((events & ZMQ_POLLOUT) != 0 && maySend()) return true;
    if ((events & ZMQ_POLLIN) != 0 && wants()) return true;
    this->socket().foundNothing();
    return false;
  }

  std::shared_ptr<Outgoing> outgoing_;
  bool isStuck_ = false;  // flush() has something left; in the loop's thread
};

class SubscriberSource final : public MessageSource<messaging::Subscriber> {
 public:
  using MessageSource::MessageSource;

  bool hasMessage() override { return Access::ready(connection()); }
  Deadline::Clock::time_point due() override { return Access::dueOf(connection()); }

  // Where the newest messages alone are kept, another thread uses the socket.
  int descriptor() override {
    const Newest* const newest = drained();
    return newest ? newest->descriptor() : Source::descriptor();
  }
  bool mayHaveMessage() override { return !drained() && Source::mayHaveMessage(); }
  void join(int loop) override {
    if (!drained()) Source::join(loop);
  }
  void attend() override {
    if (!drained()) Source::attend();
  }

  void take() override {
    newMessage();
    dispatch(*Access::receive(connection(), &kAtOnce));
  }

 protected:
  void send(Frame&) override {
    throw Error(Errc::outOfTurn, "reactor::Sender: send: the message came by a Subscriber, which has no way back");
  }

 private:
  const Newest* drained() {
    const Newest* const newest = Access::newestOf(connection());
    return newest && newest->isDrained() ? newest : nullptr;
  }
};

/// It asks the next when the one before has its reply.
class RequestSource final : public SendingSource<MessageSource<messaging::Request>> {
 public:
  using SendingSource::SendingSource;
  ~RequestSource() override { endOutgoing(); }

  void take() override {
    newMessage();
    dispatch(*Access::receive(connection(), &kAtOnce));
  }

 protected:
  void send(Frame& frame) override { requireSent(Access::send(connection(), frame, &kReplyLimit)); }

  bool wants() override { return connection().awaitsReply(); }
  bool maySend() override { return !connection().awaitsReply(); }
  bool sendIfRoom(const connection::Route&, Frame& frame) override {
    return maySend() && Access::send(connection(), frame, &kAtOnce);
  }
  void requireRoute(const connection::Route& route) override {
    requireOption(route.empty(), socket().who().c_str(), "send: a Request has one way, and takes no route");
  }
};

/// A REP socket gives no request before it has replied to the last one: so none while a reply is to come later.
class ResponseSource final : public DeferringSource<messaging::Response> {
 public:
  using DeferringSource::DeferringSource;
  ~ResponseSource() override { endLate(); }

  void take() override {
    newMessage();
    const Frame& request = *Access::receive(connection(), &kAtOnce);
    comesBy(request);
    dispatchFrom(request);
    if (isKnownCancelled() && !isReplied() && !isDeferred()) lateForgotten(route_);
  }
  bool owesReply() const override { return true; }
  bool wantsErrors() const override { return true; }

  // The socket gives no other request before it has sent something.
  void lateForgotten(const connection::Route& route) noexcept override {
    try {
      Frame told{std::string_view(errorEnvelope(Error(Errc::cancelled, "its caller is gone")))};
      sendNow(route, told);
    } catch (const std::exception&) {
      // No memory.
    }
  }

 protected:
  CallerWatch* callerWatch() override {
    if (!callers_) callers_.emplace(socket(), *loop());
    return &*callers_;
  }
  void takeNews() override {
    if (callers_) callers_->takeNews();
  }

  void send(Frame& frame) override { requireSent(Access::send(connection(), frame, &kReplyLimit)); }
  void sendNow(const connection::Route&, Frame& frame) override {
    requireSent(Access::send(connection(), frame, &kAtOnce));
  }

 private:
  std::optional<CallerWatch> callers_;  // made when a handler wants it
};

class DealerSource final : public SendingSource<DeferringSource<messaging::Dealer>> {
 public:
  using SendingSource::SendingSource;
  ~DealerSource() override {
    endOutgoing();
    endLate();
  }

  void take() override {
    newMessage();
    dispatchFrom(*Access::receive(connection(), &route_, &kAtOnce));
  }

  // A route that names somebody was put there by a router: it came from one who asks. A Response's reply has only an
  // empty frame, and what comes straight from another Dealer has none.
  bool wantsErrors() const override {
    return std::any_of(route_.begin(), route_.end(), [](const std::string& step) { return !step.empty(); });
  }

 protected:
  void send(Frame& frame) override { requireSent(Access::send(connection(), route_, frame, &kReplyLimit)); }

  void sendNow(const connection::Route& route, Frame& frame) override { requireSent(sendIfRoom(route, frame)); }
  bool sendIfRoom(const connection::Route& route, Frame& frame) override {
    return Access::send(connection(), route, frame, &kAtOnce);
  }
};

std::unique_ptr<Source> makeSource(messaging::Subscriber&& socket, HandlerTable& handlers) {
  return std::make_unique<SubscriberSource>(std::move(socket), handlers);
}

std::unique_ptr<Source> makeSource(messaging::Request&& socket, HandlerTable& handlers) {
  return std::make_unique<RequestSource>(std::move(socket), handlers);
}

std::unique_ptr<Source> makeSource(messaging::Response&& socket, HandlerTable& handlers) {
  return std::make_unique<ResponseSource>(std::move(socket), handlers);
}

std::unique_ptr<Source> makeSource(messaging::Dealer&& socket, HandlerTable& handlers) {
  return std::make_unique<DealerSource>(std::move(socket), handlers);
}

}  // namespace dividere::detail
