#include "text.hpp"

#include <algorithm>

namespace dividere::detail {

std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 160;
  std::string result;
  for (char c : text.substr(0, kMost)) result += c >= ' ' && c < 127 ? c : '?';
  return text.size() > kMost ? result + "..." : result;
}

/// How many bytes a character takes that begins with this one; 0 if none does.
static std::size_t sizeByLead(unsigned lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/// Whether what begins so is longer than it needs to be, half of a UTF-16 pair, or beyond the last character.
static bool isNoCharacter(unsigned lead, unsigned second) {
  switch (lead) {
    case 0xE0: return second < 0xA0;
    case 0xED: return second > 0x9F;
    case 0xF0: return second < 0x90;
    case 0xF4: return second > 0x8F;
    default: return false;
  }
}

/// How many bytes the first character takes; 0 if it is no UTF-8.
static std::size_t characterSize(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::size_t size = sizeByLead(at(0));
  if (text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  return size > 1 && isNoCharacter(at(0), at(1)) ? 0 : size;
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

std::string escapedLabel(std::string_view text) {
  std::string escaped;
  for (const char each : text) {
    if (each == '\\' || each == '"') escaped += '\\';
    escaped += each == '\n' ? std::string("\\n") : std::string(1, each);
  }
  return escaped;
}

}  // namespace dividere::detail
