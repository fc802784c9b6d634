#include "mt_msg_reactor.hpp"

#include "detail/handler_table.hpp"
#include "detail/message_sources.hpp"
#include "detail/reactor_loop.hpp"

namespace dividere::reactor {

static constexpr const char* kMtMsgReactor = "reactor::MtMsgReactor";

MtMsgReactor::MtMsgReactor() : loop_(std::make_unique<detail::ReactorLoop>(kMtMsgReactor, handlers().errorSink())) {}

MtMsgReactor::~MtMsgReactor() = default;

MtMsgReactor& MtMsgReactor::add(messaging::Subscriber&& socket) {
  loop_->add(detail::makeSource(std::move(socket), handlers()));
  return *this;
}

MtMsgReactor& MtMsgReactor::add(messaging::Request&& socket) {
  loop_->add(detail::makeSource(std::move(socket), handlers()));
  return *this;
}

MtMsgReactor& MtMsgReactor::add(messaging::Response&& socket) {
  loop_->add(detail::makeSource(std::move(socket), handlers()));
  return *this;
}

MtMsgReactor& MtMsgReactor::add(messaging::Dealer&& socket) {
  loop_->add(detail::makeSource(std::move(socket), handlers()));
  return *this;
}

MtMsgReactor& MtMsgReactor::every(std::chrono::milliseconds period, std::function<void()> function) {
  loop_->every(period, std::move(function));
  return *this;
}

void MtMsgReactor::start() {
  handlers().seal(kMtMsgReactor);
  loop_->start();
}

void MtMsgReactor::runHere(const char* who, int stopFd) {
  handlers().seal(who);
  loop_->runHere(who, stopFd);
}

bool MtMsgReactor::runOnce(Timeout timeout) {
  handlers().seal(kMtMsgReactor);
  return loop_->runOnce(detail::Deadline::in(timeout));
}

int MtMsgReactor::descriptor() const { return loop_->descriptor(); }

void MtMsgReactor::stop() { loop_->stop(); }

void MtMsgReactor::post(std::function<void()> function) { loop_->post(std::move(function)); }

ReactorSender MtMsgReactor::sender() { return ReactorSender(loop_->outgoing(nullptr)); }

ReactorSender MtMsgReactor::sender(const std::string& endpoint) { return ReactorSender(loop_->outgoing(&endpoint)); }

}  // namespace dividere::reactor
