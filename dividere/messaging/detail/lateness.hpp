#pragma once

// Whether a subscriber reads old messages, by the stamps of its publishers.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

namespace dividere::detail {

/// How old what was stamped like this is, in nanoseconds. Negative if the publisher's clock is ahead.
std::int64_t ageOf(std::int64_t sentNs, std::chrono::system_clock::time_point now);

/// The clocks of two hosts differ. So a message's age is compared with the least one that messages of its publisher had in
/// the last minute or two: what it is above that, it has waited. One thread at a time.
class Lateness {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::nanoseconds kLate = std::chrono::seconds(1);
  static constexpr std::chrono::seconds kWindow{60};

  /// A message of this publisher has been read now, and has this age. How late it is, if it is the first of those that are late
  /// in a row; zero if not.
  std::chrono::nanoseconds note(std::uint32_t publisher, std::int64_t ageNs, Clock::time_point now);

 private:
  static constexpr std::size_t kMost = 1000;  // publishers: a hostile one may make up others without end

  struct Least {
    Clock::time_point since;
    std::int64_t age;     // since then
    std::int64_t before;  // in the window before
  };

  std::unordered_map<std::uint32_t, Least> least_;
  bool isLate_ = false;
};

}  // namespace dividere::detail
