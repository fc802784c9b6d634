#include "handler_clock.hpp"

#include <algorithm>

namespace dividere::detail {

constexpr std::chrono::microseconds kQuickHandler{10};
constexpr std::uint32_t kUntimed = 15;

static std::size_t bucketOf(std::chrono::nanoseconds took) {
  std::size_t bucket = 0;
  for (auto rest = took.count() >> 10; rest > 0; rest >>= 1) ++bucket;
  return std::min(bucket, HandlerTime::kBuckets - 1);
}

void HandlerClock::add(std::chrono::nanoseconds took) noexcept {
  const std::uint32_t next = took < kQuickHandler ? kUntimed : 0;
  const std::uint32_t weight = 1 + left_.exchange(next, std::memory_order_relaxed);
  const std::size_t bucket = bucketOf(took);
  buckets_[bucket].fetch_add(weight, std::memory_order_relaxed);
  totalNs_.fetch_add(took.count() * weight, std::memory_order_relaxed);
  lastBucket_.store(bucket, std::memory_order_relaxed);
  untimed_.store(next, std::memory_order_relaxed);
}

HandlerTime HandlerClock::read(std::string handles) const {
  HandlerTime time;
  time.handles = std::move(handles);
  time.total = std::chrono::nanoseconds(totalNs_.load(std::memory_order_relaxed));
  for (std::size_t i = 0; i < time.buckets.size(); ++i) time.buckets[i] = buckets_[i].load(std::memory_order_relaxed);
  // Those since the last one that was timed are as that one.
  const std::uint32_t left = left_.load(std::memory_order_relaxed), untimed = untimed_.load(std::memory_order_relaxed);
  time.buckets[lastBucket_.load(std::memory_order_relaxed)] += left - std::min(left, untimed);
  return time;
}

}  // namespace dividere::detail
