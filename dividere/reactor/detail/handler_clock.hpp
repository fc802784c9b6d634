#pragma once

// How long the handler of one type runs.

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "../../core/statistics.hpp"

namespace dividere::detail {

/// Times all messages of a handler that takes long, each sixteenth of one that does not: to read the clock takes as long as a
/// hundredth of what becomes of a small message. Any thread; where several call at once, a few messages may not be counted.
class HandlerClock {
 public:
  using Clock = std::chrono::steady_clock;

  /// Whether the next message is to be timed.
  bool isDue() noexcept {
    const std::uint32_t left = untimed_.load(std::memory_order_relaxed);
    if (left > 0) untimed_.store(left - 1, std::memory_order_relaxed);
    return left == 0;
  }

  /// One that was due took so long.
  void add(std::chrono::nanoseconds took) noexcept;

  HandlerTime read(std::string handles) const;

 private:
  std::atomic<std::uint32_t> untimed_{0};  // so many more messages are not timed
  std::atomic<std::uint32_t> left_{0};     // so many were not to be, since the last one that was
  std::atomic<std::size_t> lastBucket_{0};
  std::atomic<std::int64_t> totalNs_{0};
  std::array<std::atomic<std::uint64_t>, HandlerTime::kBuckets> buckets_{};
};

/// Times a handler while it lives, if that is due.
class HandlerStopwatch {
 public:
  explicit HandlerStopwatch(HandlerClock& clock) : clock_(clock), isDue_(clock.isDue()) {
    if (isDue_) start_ = HandlerClock::Clock::now();
  }
  ~HandlerStopwatch() {
    if (isDue_) clock_.add(HandlerClock::Clock::now() - start_);
  }
  HandlerStopwatch(const HandlerStopwatch&) = delete;
  HandlerStopwatch& operator=(const HandlerStopwatch&) = delete;

 private:
  HandlerClock& clock_;
  const bool isDue_;
  HandlerClock::Clock::time_point start_;
};

}  // namespace dividere::detail
