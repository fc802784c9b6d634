#include "mt_msg_reactor.hpp"

#include "detail/reactor_loop.hpp"

namespace dividere::detail {

constexpr std::chrono::milliseconds kNoWait{0};

// A reactor's thread serves others too: it does not wait for ever for one peer that takes nothing.
constexpr std::chrono::milliseconds kSendLimit{1000};

[[noreturn]] inline void failFull(const Socket& socket) {
  throw Error(Errc::overloaded, socket.who() + ": send: the peer has taken nothing for a second");
}

class SubscriberSource final : public Source {
 public:
  explicit SubscriberSource(messaging::Subscriber&& socket) : socket_(std::move(socket)) {}

  Socket& socket() override { return socket_.connection().socket(); }
  bool hasMessage() override { return socket().ready(); }
  void take(HandlerTable& handlers) override {
    newMessage();
    handlers.dispatch(socket_.connection().receiveFrame(&kNoWait)->view(), *this);
  }
  void send(Frame&) override {
    throw Error(Errc::outOfTurn, "reactor::Sender: send: the message came by a Subscriber, which has no way back");
  }
  bool owesAnswer() const override { return false; }
  bool wantsErrors() const override { return false; }

 private:
  messaging::Subscriber socket_;
};

class RequestSource final : public Source {
 public:
  explicit RequestSource(messaging::Request&& socket) : socket_(std::move(socket)) {}

  Socket& socket() override { return socket_.connection().socket(); }
  bool hasMessage() override {
    if (socket_.connection().awaitsReply()) return socket().ready();
    // Looked at all the same: its descriptor would go on telling of whatever else has happened.
    socket().attend();
    socket().get(ZMQ_EVENTS);
    return false;
  }
  void take(HandlerTable& handlers) override {
    newMessage();
    handlers.dispatch(socket_.connection().receiveFrame(&kNoWait)->view(), *this);
  }
  void send(Frame& frame) override {
    if (!socket_.connection().sendFrame(frame, &kSendLimit)) failFull(socket());
  }
  bool owesAnswer() const override { return false; }
  bool wantsErrors() const override { return false; }

 private:
  messaging::Request socket_;
};

class ResponseSource final : public Source {
 public:
  explicit ResponseSource(messaging::Response&& socket) : socket_(std::move(socket)) {}

  Socket& socket() override { return socket_.connection().socket(); }
  bool hasMessage() override { return socket().ready(); }
  void take(HandlerTable& handlers) override {
    newMessage();
    handlers.dispatch(socket_.connection().receiveFrame(&kNoWait)->view(), *this);
  }
  void send(Frame& frame) override {
    if (!socket_.connection().sendFrame(frame, &kSendLimit)) failFull(socket());
  }
  bool owesAnswer() const override { return true; }
  bool wantsErrors() const override { return true; }

 private:
  messaging::Response socket_;
};

class DealerSource final : public Source {
 public:
  explicit DealerSource(messaging::Dealer&& socket) : socket_(std::move(socket)) {}

  Socket& socket() override { return socket_.connection().socket(); }
  bool hasMessage() override { return socket().ready(); }
  void take(HandlerTable& handlers) override {
    newMessage();
    handlers.dispatch(socket_.connection().receiveFrame(&route_, &kNoWait)->view(), *this);
  }
  void send(Frame& frame) override {
    if (!socket_.connection().sendFrame(route_, frame, &kSendLimit)) failFull(socket());
  }
  bool owesAnswer() const override { return false; }

  // A route that names somebody was put there by a router: it came from one who asks. A Response's reply has only an
  // empty frame, and what comes straight from another Dealer has none.
  bool wantsErrors() const override {
    return std::any_of(route_.begin(), route_.end(), [](const std::string& step) { return !step.empty(); });
  }

 private:
  messaging::Dealer socket_;
};

}  // namespace dividere::detail

namespace dividere::reactor {

MtMsgReactor::MtMsgReactor() : loop_(std::make_unique<detail::ReactorLoop>(handlers())) {}

MtMsgReactor::~MtMsgReactor() = default;

MtMsgReactor& MtMsgReactor::add(messaging::Subscriber&& socket) {
  loop_->add(std::make_unique<detail::SubscriberSource>(std::move(socket)));
  return *this;
}

MtMsgReactor& MtMsgReactor::add(messaging::Request&& socket) {
  loop_->add(std::make_unique<detail::RequestSource>(std::move(socket)));
  return *this;
}

MtMsgReactor& MtMsgReactor::add(messaging::Response&& socket) {
  loop_->add(std::make_unique<detail::ResponseSource>(std::move(socket)));
  return *this;
}

MtMsgReactor& MtMsgReactor::add(messaging::Dealer&& socket) {
  loop_->add(std::make_unique<detail::DealerSource>(std::move(socket)));
  return *this;
}

MtMsgReactor& MtMsgReactor::every(std::chrono::milliseconds period, std::function<void()> function) {
  loop_->every(period, std::move(function));
  return *this;
}

void MtMsgReactor::start() { loop_->start("reactor::MtMsgReactor"); }

void MtMsgReactor::stop() { loop_->stop(); }

void MtMsgReactor::post(std::function<void()> function) { loop_->post(std::move(function)); }

}  // namespace dividere::reactor
