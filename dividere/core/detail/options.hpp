#pragma once

// What options are held to.

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>

#include "../error.hpp"

namespace dividere::detail {

/// Throws std::errc::invalid_argument unless the option is what it says.
inline void requireOption(bool met, const char* who, const std::string& says) {
  if (!met) throw Error(std::make_error_code(std::errc::invalid_argument), std::string(who) + ": " + says);
}

/// A period as the clock can reckon with it, and with a million of it: a century is never.
inline std::chrono::milliseconds clampedPeriod(std::chrono::milliseconds period) {
  constexpr std::chrono::milliseconds kCentury = std::chrono::hours(24 * 365 * 100);
  return std::clamp(period, -kCentury, kCentury);
}

}  // namespace dividere::detail
