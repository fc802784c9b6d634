#pragma once

// What a loop does at its time.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "../../core/detail/deadline.hpp"

namespace dividere::detail {

/// In the loop's thread.
class LoopTimers {
 public:
  using Clock = Deadline::Clock;
  using Function = std::function<void()>;

  /// Again and again; first when one period, which is positive, has passed.
  void every(std::chrono::milliseconds period, Function function);

  /// Once.
  void at(Clock::time_point due, Function function) { timers_.push_back({{}, due, std::move(function)}); }

  /// The loop starts: periods begin now.
  void restart();

  /// Gives those functions to `call` whose time has come, until `isOver()`. They may add timers.
  template <class Call, class Condition>
  void callDue(const Call& call, const Condition& isOver) {
    for (std::size_t i = 0; i < timers_.size() && !isOver(); ++i) {
      if (timers_[i].due > Clock::now()) continue;
      const Function function = timers_[i].function;
      const bool isOnce = timers_[i].isOnce();
      if (isOnce) timers_.erase(timers_.begin() + static_cast<std::ptrdiff_t>(i--));
      call(function);
      if (!isOnce) timers_[i].advance();
    }
  }

  Clock::time_point nextDue() const;

 private:
  struct Timer {
    std::chrono::milliseconds period;  // zero: once
    Clock::time_point due;
    Function function;

    bool isOnce() const { return period == std::chrono::milliseconds::zero(); }
    void advance();
  };

  std::vector<Timer> timers_;
};

}  // namespace dividere::detail
