#pragma once

// Numbers on the wire in 8 bytes, the most significant first.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dividere::detail {

constexpr std::size_t kBigEndianSize = 8;

inline void appendBigEndian(std::string& bytes, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xFF);
}

/// In place of 8 bytes.
inline void writeBigEndian(std::uint64_t number, char* to) {
  for (std::size_t i = kBigEndianSize; i > 0; number >>= 8) to[--i] = static_cast<char>(number & 0xFF);
}

/// Of at most 8 bytes.
inline std::uint64_t readBigEndian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace dividere::detail
