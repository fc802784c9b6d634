#pragma once

// Which names are meant.

#include <string_view>

namespace dividere::detail {

/// A pattern is a name, or the beginning of names and an asterisk. It is valid as long as its text.
struct NamePattern {
  explicit NamePattern(std::string_view pattern) : isPrefix(hasAsterisk(pattern)) {
    text = isPrefix ? pattern.substr(0, pattern.size() - 1) : pattern;
  }

  static bool hasAsterisk(std::string_view pattern) { return !pattern.empty() && pattern.back() == '*'; }
  bool matches(std::string_view name) const { return (isPrefix ? name.substr(0, text.size()) : name) == text; }

  bool isPrefix;
  std::string_view text;
};

}  // namespace dividere::detail
