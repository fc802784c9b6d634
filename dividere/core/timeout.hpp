#pragma once

#include <chrono>

namespace dividere {

/// How long to wait: any std::chrono::duration, rounded up to milliseconds, so that a wait never ends early.
///
/// Zero or less: not at all. As long as std::chrono::milliseconds::max(), or longer: for ever.
class Timeout {
 public:
  template <class Rep, class Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> time) : time_(roundedUp(time)) {}

  constexpr operator std::chrono::milliseconds() const { return time_; }

 private:
  template <class Rep, class Period>
  static constexpr std::chrono::milliseconds roundedUp(std::chrono::duration<Rep, Period> time) {
    using std::chrono::milliseconds;
    const long double exact = std::chrono::duration<long double, std::milli>(time).count();
    if (exact <= 0) return milliseconds::zero();
    if (!(exact < static_cast<long double>(milliseconds::max().count()))) return milliseconds::max();
    return std::chrono::ceil<milliseconds>(time);
  }

  std::chrono::milliseconds time_;
};

}  // namespace dividere
