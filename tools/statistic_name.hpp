// The name of a statistic, as a peer says it: alone, or with labels behind it (doc/wire.md, "Descriptions").
//
// SPDX-License-Identifier: MIT

#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tool {

/// handler_seconds_bucket{handles="Ask",le="0.000001024"}
struct StatisticName {
  std::string family;
  std::map<std::string, std::string> labels;
};

/// Nothing if it is not written like that, or a label comes twice: a peer may say anything.
std::optional<StatisticName> readStatisticName(const std::string& name);

/// Of one handler, in its life or a second.
struct HandlerFigures {
  std::string handles;
  double messages = 0;
  double nanoseconds = 0;

  double meanUs() const { return messages > 0 ? nanoseconds / messages / 1000 : 0; }
};

/// "12.5 us", "3.1 ms"
std::string shownMicroseconds(double us);

/// Of all handlers among these figures, by what they handle.
std::vector<HandlerFigures> handlersOf(const std::map<std::string, double>& figures);

}  // namespace tool
