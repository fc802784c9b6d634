#pragma once

// How a caller tells its replies apart, and how a broker recognises a retry (doc/wire.md).

#include <cstdint>
#include <string>
#include <string_view>

#include "../../core/detail/big_endian.hpp"
#include "../../core/detail/random.hpp"

namespace dividere::detail {

/// Makes the frames that stand in front of a caller's requests and come back in front of their replies: 16 bytes that
/// name the caller, of which the first 4 are the same for all, then the number of the request in 8, most significant
/// first.
class CorrelationIds {
 public:
  static constexpr std::size_t kSize = 24;

  std::string next() { return of(++number_); }

  /// For those who count by themselves. The number must not be 0.
  std::string of(std::uint64_t number) const {
    std::string id = first_;
    writeBigEndian(number, &id[kCallerSize]);
    return id;
  }

  /// The number in an id of this caller's; 0 if it is none.
  std::uint64_t numberOf(std::string_view id) const {
    if (id.size() != kSize || id.compare(0, kCallerSize, first_, 0, kCallerSize) != 0) return 0;
    return readBigEndian(id.substr(kCallerSize));
  }

  /// Whether a frame is such an id. Any other frame, of a route that is not ours, may stand in front of many requests
  /// that are equal and are no retries of one another.
  ///
  /// 0.1 had 16 random bytes in place of the mark and 12: what tells its ids is that their number begins with zeros, as it
  /// starts at 1 and stays below 2^48. Text has no such bytes. A foreign frame of 24 bytes, all of them random, is
  /// mistaken for one with a probability of 1 in 65,536.
  static bool isOne(std::string_view frame) {
    if (frame.size() != kSize) return false;
    if (frame.substr(0, kMark.size()) == kMark) return true;
    const std::string_view number = frame.substr(kCallerSize);
    return number.substr(0, 2) == std::string_view("\0\0", 2) && number != std::string_view("\0\0\0\0\0\0\0\0", 8);
  }

 private:
  static constexpr std::string_view kMark{"\0div", 4};
  static constexpr std::size_t kCallerSize = kSize - kBigEndianSize;

  // The caller, and room for a number.
  std::string first_ = std::string(kMark) + randomBytes(kCallerSize - kMark.size()) + std::string(kBigEndianSize, '\0');
  std::uint64_t number_ = 0;
};

}  // namespace dividere::detail
