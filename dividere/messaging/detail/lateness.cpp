#include "lateness.hpp"

#include <algorithm>
#include <limits>

namespace dividere::detail {

std::int64_t ageOf(std::int64_t sentNs, std::chrono::system_clock::time_point now) {
  constexpr std::int64_t kFarthest = std::numeric_limits<std::int64_t>::max() / 4;  // whatever a peer says, no overflow
  const auto nowNs = std::chrono::duration_cast<std::chrono::nanoseconds>(now.time_since_epoch()).count();
  return nowNs - std::clamp(sentNs, -kFarthest, kFarthest);
}

std::chrono::nanoseconds Lateness::note(std::uint32_t publisher, std::int64_t ageNs, Clock::time_point now) {
  if (least_.size() == kMost && least_.count(publisher) == 0) least_.clear();
  Least& least = least_.try_emplace(publisher, Least{now, ageNs, ageNs}).first->second;
  if (now - least.since > kWindow) least = {now, ageNs, least.age};
  least.age = std::min(least.age, ageNs);
  const std::chrono::nanoseconds late(ageNs - std::min(least.age, least.before));
  if (late < kLate / 2) isLate_ = false;
  if (isLate_ || late < kLate) return std::chrono::nanoseconds::zero();
  isLate_ = true;
  return late;
}

}  // namespace dividere::detail
