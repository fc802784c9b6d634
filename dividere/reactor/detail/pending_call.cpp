#include "pending_call.hpp"

#include <cstring>
#include <utility>

#include "../../core/detail/text.hpp"
#include "../../messaging/detail/call_fields.hpp"
#include "../../messaging/detail/error_envelope.hpp"

namespace dividere::detail {

PendingCall::~PendingCall() {
  delete follower_.load(std::memory_order_acquire);
  delete parts_.load(std::memory_order_acquire);
}

bool PendingCall::end(CallOutcome&& outcome) noexcept {
  if (hasEnded_.exchange(true, std::memory_order_acq_rel)) return false;
  outcome_ = std::move(outcome);
  completion_.open();
  if (hasParts()) parts().ring();
  return true;
}

void PendingCall::setFollower(std::unique_ptr<Follower> follower) noexcept {
  delete follower_.exchange(follower.release());
}

CallParts& PendingCall::parts() {
  CallParts* parts = parts_.load(std::memory_order_acquire);
  if (parts) return *parts;
  auto made = std::make_unique<CallParts>();
  return parts_.compare_exchange_strong(parts, made.get()) ? *made.release() : *parts;
}

bool PendingCall::hasDueParts() const noexcept { return parts_.load(std::memory_order_acquire)->isDue(); }

/// Empty for a reply that is none of an error.
static std::string whyInVain(const CallOutcome& outcome) {
  if (std::holds_alternative<NoneInTime>(outcome)) return "none in time";
  if (const auto* failure = std::get_if<CallFailure>(&outcome)) {
    return failure->text.empty() ? make_error_code(failure->code).message() : failure->text;
  }
  const auto told = readErrorEnvelope(std::get<Frame>(outcome).view());
  return told ? shown(told->text) : std::string();
}

/// Calls one of the program's functions; whatever it throws goes to the log.
template <class Function>
static auto callBack(const PendingCall& call, ErrorLog& log, const Function& function) noexcept {
  try {
    return function();
  } catch (...) {
    const std::string& who = call.door()->who;
    log.write(who, currentAsHandlerError(who + ": a callback"));
    return true;
  }
}

void PendingCall::deliver(const std::shared_ptr<PendingCall>& call, ErrorLog& log) {
  if (call->deliveries_.fetch_add(1) > 0) return;
  for (int done = 1; done > 0; done = call->deliveries_.fetch_sub(done) - done) call->deliverOnce(call, log);
}

void PendingCall::deliverOnce(const std::shared_ptr<PendingCall>& self, ErrorLog& log) {
  const bool isOver = hasEnded();       // before: what came before the reply is handled before it
  if (isOver) wait(Deadline::never());  // whoever ended it may not yet have said how
  while (hasParts() && callBack(*this, log, [&] { return parts().handleNext(); })) {
  }
  if (!isOver) return;
  if (span_) span_->end(whyInVain(outcome_));
  const std::unique_ptr<Follower> follower(follower_.exchange(nullptr));
  if (!follower) return;
  callBack(*this, log, [&] {
    (*follower)(self);
    return true;
  });
}

std::uint32_t timeLeft(const Deadline& deadline) {
  if (deadline.isNever()) return 0;
  return static_cast<std::uint32_t>(std::max(deadline.pollTimeout(), 1));
}

void PendingCall::tellTimeLeft() {
  const std::size_t message = request_.size() - tail_;
  CallFields fields;
  if (tail_ == 0 || terms_.deadline.isNever() || !readCallFields(request_.view().substr(message), fields)) return;
  const std::uint32_t left = timeLeft(terms_.deadline);
  if (left == fields.timeoutMs) return;
  fields.timeoutMs = left;
  const std::string tail = fields.serialized();
  Frame request(message + tail.size());
  std::memcpy(request.data(), request_.data(), message);
  std::memcpy(request.data() + message, tail.data(), tail.size());
  request_ = std::move(request);
  tail_ = tail.size();
}

void PendingCall::give() {
  ++attempts_;
  place_.store(Place::isGiven, std::memory_order_relaxed);
}

void PendingCall::takeBack(bool isHandled, Clock::time_point now) {
  if (!isHandled) --attempts_;
  waitsSince_ = now;
  place_.store(attempts_ > 0 ? Place::waitsAgain : Place::waits, std::memory_order_relaxed);
}

}  // namespace dividere::detail
