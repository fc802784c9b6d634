#pragma once

// A caller's time as handlers see it.

#include <algorithm>
#include <chrono>

#include "../../core/detail/deadline.hpp"

namespace dividere::detail {

/// What is left until the deadline: not below 0, and milliseconds::max() for never.
inline std::chrono::milliseconds remainingUntil(const Deadline& deadline) {
  using std::chrono::milliseconds;
  if (deadline.isNever()) return milliseconds::max();
  return std::max(std::chrono::floor<milliseconds>(deadline.when() - Deadline::Clock::now()), milliseconds(0));
}

}  // namespace dividere::detail
