#pragma once

// Protobuf's wire format by hand: for bytes that no encoder would write.

#include <cstdint>
#include <string>
#include <string_view>

namespace fields {

enum WireType : unsigned { kVarint = 0, kFixed64 = 1, kBytes = 2, kGroup = 3, kGroupEnd = 4, kFixed32 = 5 };

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes += static_cast<char>(value);
}

inline std::string tag(std::uint64_t number, unsigned wireType) { return varint(number << 3 | wireType); }

inline std::string ofBytes(std::uint64_t number, std::string_view bytes) {
  return tag(number, kBytes) + varint(bytes.size()) + std::string(bytes);
}

inline std::string ofVarint(std::uint64_t number, std::uint64_t value) { return tag(number, kVarint) + varint(value); }

inline std::string group(std::uint64_t number, const std::string& content) {
  return tag(number, kGroup) + content + tag(number, kGroupEnd);
}

/// Groups in one another, `depth` of them.
inline std::string groups(std::uint64_t number, int depth) {
  std::string opening, closing;
  for (int i = 0; i < depth; ++i) {
    opening += tag(number, kGroup);
    closing += tag(number, kGroupEnd);
  }
  return opening + closing;
}

inline std::string any(std::string_view url, std::string_view payload) { return ofBytes(1, url) + ofBytes(2, payload); }

inline std::string envelope(std::string_view name, std::string_view url, std::string_view payload) {
  return ofBytes(1, name) + ofBytes(2, any(url, payload));
}

}  // namespace fields
