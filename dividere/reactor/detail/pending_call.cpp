#include "pending_call.hpp"

#include <utility>

namespace dividere::detail {

bool PendingCall::end(CallOutcome&& outcome) noexcept {
  if (hasEnded_.exchange(true, std::memory_order_acq_rel)) return false;
  outcome_ = std::move(outcome);
  completed();
  return true;
}

void PendingCall::give(std::string id) {
  id_ = std::move(id);
  ++attempts_;
  place_.store(Place::isGiven, std::memory_order_relaxed);
}

void PendingCall::takeBack(bool isHandled, Deadline::Clock::time_point now) {
  if (!isHandled) --attempts_;
  waitsSince_ = now;
  place_.store(attempts_ > 0 ? Place::waitsAgain : Place::waits, std::memory_order_relaxed);
}

CallOutcome AwaitedCall::takeOutcome() {
  completion_.wait(Deadline::never());  // whoever ended it may not yet have said how
  return std::move(outcome_);
}

}  // namespace dividere::detail
