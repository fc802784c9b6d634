#pragma once

// One thing to be done at a time that moves.

#include <functional>
#include <utility>

#include "reactor_loop.hpp"

namespace dividere::detail {

/// Calls a function in the loop's thread when the time has come. In the loop's thread; lives as long as the loop.
class Alarm {
 public:
  using Clock = Deadline::Clock;

  Alarm(ReactorLoop& loop, std::function<void()> function) : loop_(loop), function_(std::move(function)) {}

  /// At the latest at this time. The function says itself what remains to be done, and sets the alarm again.
  void set(Clock::time_point when) {
    if (when >= due_) return;
    due_ = when;
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now());
    loop_.after(std::max(delay, std::chrono::milliseconds(0)), [this] { ring(); });
  }

 private:
  void ring() {
    if (Clock::now() < due_) return;  // it was set again, or has rung before
    due_ = Clock::time_point::max();
    function_();
  }

  ReactorLoop& loop_;
  std::function<void()> function_;
  Clock::time_point due_ = Clock::time_point::max();
};

}  // namespace dividere::detail
