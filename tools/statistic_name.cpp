// SPDX-License-Identifier: MIT

#include "statistic_name.hpp"

#include <cstdio>
#include <string_view>

namespace tool {

constexpr std::size_t kLongestWord = 100;

/// Takes a word of letters, digits and _ off the front; empty if there is none.
static std::string takeWord(std::string_view& rest) {
  auto end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_");
  if (end == std::string_view::npos) end = rest.size();
  if (end == 0 || end > kLongestWord || (rest[0] >= '0' && rest[0] <= '9')) return "";
  std::string word(rest.substr(0, end));
  rest.remove_prefix(end);
  return word;
}

static bool takeChar(std::string_view& rest, char wanted) {
  if (rest.empty() || rest.front() != wanted) return false;
  rest.remove_prefix(1);
  return true;
}

/// Takes what is between two quotes off the front, as it was before it was escaped.
static bool takeQuoted(std::string_view& rest, std::string& value) {
  if (!takeChar(rest, '"')) return false;
  for (; !rest.empty() && rest.front() != '"'; rest.remove_prefix(1)) {
    const bool isEscaped = takeChar(rest, '\\');
    if (rest.empty()) return false;
    value += isEscaped && rest.front() == 'n' ? '\n' : rest.front();
  }
  return takeChar(rest, '"');
}

std::optional<StatisticName> readStatisticName(const std::string& name) {
  std::string_view rest = name;
  StatisticName read{takeWord(rest), {}};
  if (read.family.empty()) return std::nullopt;
  if (rest.empty()) return read;
  if (!takeChar(rest, '{')) return std::nullopt;
  do {
    const auto label = takeWord(rest);
    std::string value;
    if (label.empty() || !takeChar(rest, '=') || !takeQuoted(rest, value)) return std::nullopt;
    if (!read.labels.emplace(label, value).second) return std::nullopt;
  } while (takeChar(rest, ','));
  if (rest != "}") return std::nullopt;
  return read;
}

std::string shownMicroseconds(double us) {
  const bool isLong = us >= 1000;
  char text[48];
  std::snprintf(text, sizeof text, "%.1f %s", isLong ? us / 1000 : us, isLong ? "ms" : "us");
  return text;
}

std::vector<HandlerFigures> handlersOf(const std::map<std::string, double>& figures) {
  std::map<std::string, HandlerFigures> found;
  for (const auto& [name, value] : figures) {
    const auto read = readStatisticName(name);
    if (!read || read->labels.size() != 1 || read->labels.begin()->first != "handles") continue;
    auto& handler = found[read->labels.begin()->second];
    if (read->family == "handler_seconds_count") handler.messages = value;
    if (read->family == "handler_nanoseconds_sum") handler.nanoseconds = value;
  }
  std::vector<HandlerFigures> handlers;
  for (auto& [handles, handler] : found) {
    if (handler.messages <= 0) continue;
    handlers.push_back(handler);
    handlers.back().handles = handles;
  }
  return handlers;
}

}  // namespace tool
