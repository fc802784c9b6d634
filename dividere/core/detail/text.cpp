#include "text.hpp"

#include <algorithm>

namespace dividere::detail {

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 160;
  std::string result;
  for (char c : text.substr(0, kMost)) result += c >= ' ' && c < 127 ? c : '?';
  return text.size() > kMost ? result + "..." : result;
}

/// How many bytes the first character takes; 0 if it is no UTF-8.
static std::size_t characterSize(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  // Longer than it needs to be, half of a UTF-16 pair, or beyond the last character.
  const bool isBad = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F) ||
                     (lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F);
  return isBad ? 0 : size;
}

std::string cut(std::string_view text) {
  constexpr std::string_view kEnd = "...";
  if (text.size() <= kLongestText) return std::string(text);
  std::size_t size = kLongestText - kEnd.size();
  for (int i = 0; i < 3 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80; ++i) --size;
  return std::string(text.substr(0, size)).append(kEnd);
}

std::string asUtf8(std::string_view text) {
  std::string result;
  while (!text.empty() && result.size() <= kLongestText) {
    const std::size_t size = characterSize(text);
    result += size == 0 ? std::string_view("?") : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return cut(result);
}

}  // namespace dividere::detail
