#include "message_sources.hpp"

#include <algorithm>

#include "../../connection/detail/access.hpp"
#include "../../connection/detail/newest.hpp"
#include "../../messaging/detail/error_envelope.hpp"
#include "late_replies.hpp"

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

class RequestSource final : public MessageSource<messaging::Request> {
 public:
  using MessageSource::MessageSource;

  bool hasMessage() override {
    if (connection().awaitsReply()) return socket().ready();
    socket().decline();  // until something is sent
    return false;
  }

  void take() override {
    newMessage();
    dispatch(*Access::receive(connection(), &kAtOnce));
  }

 protected:
  void send(Frame& frame) override { requireSent(Access::send(connection(), frame, &kReplyLimit)); }
};

/// A REP socket gives no request before it has replied to the last one: so none while a reply is to come later.
class ResponseSource final : public DeferringSource<messaging::Response> {
 public:
  using DeferringSource::DeferringSource;
  ~ResponseSource() override { endLate(); }

  void take() override {
    newMessage();
    dispatchFrom(*Access::receive(connection(), &kAtOnce));
  }
  bool owesReply() const override { return true; }
  bool wantsErrors() const override { return true; }

 protected:
  void send(Frame& frame) override { requireSent(Access::send(connection(), frame, &kReplyLimit)); }
  void sendNow(const connection::Route&, Frame& frame) override {
    requireSent(Access::send(connection(), frame, &kAtOnce));
  }
};

class DealerSource final : public DeferringSource<messaging::Dealer> {
 public:
  using DeferringSource::DeferringSource;
  ~DealerSource() override { endLate(); }

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

  void sendNow(const connection::Route& route, Frame& frame) override {
    requireSent(Access::send(connection(), route, frame, &kAtOnce));
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
