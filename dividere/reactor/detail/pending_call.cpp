#include "pending_call.hpp"

#include <utility>

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
