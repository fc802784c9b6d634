#pragma once

// How the library itself writes to the log.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "../log.hpp"

namespace dividere::detail {

/// Whether anyone would see a line of this level: ask before building an expensive text.
bool logs(LogLevel level) noexcept;

void log(LogLevel level, std::string_view component, std::string_view text) noexcept;

/// What a socket's lines are signed with: its class, and which one it is if DIVIDERE_LOG asks for that.
std::string socketInLog(std::string_view who, std::string_view name);

/// Lets one line a second through and counts the rest, so that a peer cannot fill the log. Any thread.
class RateLimit {
 public:
  /// `atOnce`: so many lines may come in the same second, if none came for so many seconds before.
  explicit RateLimit(int atOnce) : aheadMs_((atOnce - 1) * 1000) {}
  RateLimit() : RateLimit(1) {}

  /// Logs the text, followed by how many were held back since the last one, or holds it back.
  void log(LogLevel level, std::string_view component, std::string_view text) noexcept;

 private:
  const std::int64_t aheadMs_;
  std::atomic<std::int64_t> nextMs_{0};  // when the next line is due at one a second
  std::atomic<std::uint64_t> heldBack_{0};
};

}  // namespace dividere::detail
