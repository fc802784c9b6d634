#include "pending_call.hpp"

#include <cstring>
#include <utility>

#include "../../messaging/detail/call_fields.hpp"

namespace dividere::detail {

bool PendingCall::end(CallOutcome&& outcome) noexcept {
  if (hasEnded_.exchange(true, std::memory_order_acq_rel)) return false;
  outcome_ = std::move(outcome);
  completion_.open();
  return true;
}

void PendingCall::setFollower(std::unique_ptr<Follower> follower) noexcept {
  delete follower_.exchange(follower.release());
}

void PendingCall::deliver(const std::shared_ptr<PendingCall>& call) {
  call->wait(Deadline::never());  // whoever ended it may not yet have said how
  const std::unique_ptr<Follower> follower(call->follower_.exchange(nullptr));
  if (follower) (*follower)(call);
}

std::uint32_t timeLeft(const Deadline& deadline) {
  if (deadline.isNever()) return 0;
  return static_cast<std::uint32_t>(std::max(deadline.pollTimeout(), 1));
}

void PendingCall::tellTimeLeft() {
  CallFields fields;
  if (tail_ == 0 || terms_.deadline.isNever() || !readCallFields(request_.view(), fields)) return;
  fields.timeoutMs = timeLeft(terms_.deadline);
  const std::string tail = fields.serialized();
  const std::size_t message = request_.size() - tail_;
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
