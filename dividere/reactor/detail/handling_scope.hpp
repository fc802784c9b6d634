#pragma once

// What the calls that a handler itself makes go by.

#include "../../core/detail/deadline.hpp"

namespace dividere::detail {

/// While one lives, the calling thread handles a request that has to be replied to by this deadline.
class HandlingScope {
 public:
  explicit HandlingScope(const Deadline& deadline) noexcept : before_(until_) { until_ = deadline.when(); }
  ~HandlingScope() { until_ = before_; }
  HandlingScope(const HandlingScope&) = delete;
  HandlingScope& operator=(const HandlingScope&) = delete;

  /// That of the request which this thread handles; never, where it handles none, or one without a limit.
  static Deadline deadline() noexcept { return Deadline::at(until_); }

 private:
  inline static thread_local Deadline::Clock::time_point until_ = Deadline::Clock::time_point::max();
  const Deadline::Clock::time_point before_;
};

}  // namespace dividere::detail
