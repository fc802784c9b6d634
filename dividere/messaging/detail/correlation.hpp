#pragma once

// How a caller tells its replies apart (WIRE.md, "Correlation id").

#include <cstdint>
#include <string>

#include "../../core/detail/random.hpp"

namespace dividere::detail {

/// Makes the frames that stand in front of a caller's requests and come back in front of their replies: 16 bytes that
/// name the caller, then the number of the request in 8, most significant first.
class CorrelationIds {
 public:
  static constexpr std::size_t kSize = 24;

  std::string next() {
    std::string id = caller_;
    ++number_;
    for (int shift = 56; shift >= 0; shift -= 8) id += static_cast<char>(number_ >> shift & 0xFF);
    return id;
  }

 private:
  std::string caller_ = randomBytes(16);
  std::uint64_t number_ = 0;
};

}  // namespace dividere::detail
