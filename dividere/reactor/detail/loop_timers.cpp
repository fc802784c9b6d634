#include "loop_timers.hpp"

#include <utility>

namespace dividere::detail {

void LoopTimers::every(std::chrono::milliseconds period, Function function) {
  timers_.push_back({period, Deadline::in(period).when(), std::move(function)});
}

void LoopTimers::restart() {
  for (Timer& timer : timers_) timer.due = std::max(timer.due, Deadline::in(timer.period).when());
}

LoopTimers::Clock::time_point LoopTimers::nextDue() const {
  auto due = Clock::time_point::max();
  for (const Timer& timer : timers_) due = std::min(due, timer.due);
  return due;
}

// What the function itself, or others before it, made late is not made up for.
void LoopTimers::Timer::advance() {
  due += period;
  const auto now = Clock::now();
  if (due <= now) due = now + period;
}

}  // namespace dividere::detail
