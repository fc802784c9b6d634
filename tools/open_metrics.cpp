// SPDX-License-Identifier: MIT

#include "open_metrics.hpp"

#include <cstdio>
#include <map>

namespace tool {

static std::string label(const char* name, const std::string& value) {
  std::string text = std::string(name) + "=\"";
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text + "\"";
}

static std::string labels(const Seen& seen) {
  return "{" + label("name", seen.address.name) + "," + label("kind", seen.address.kind) + "," +
         label("endpoint", seen.endpoint) + "," + label("process", seen.description ? seen.description->process : "") +
         "," + label("pid", seen.description ? std::to_string(seen.description->pid) : "") + "}";
}

/// A peer may say anything: what is no name of a metric is left out.
static bool isMetricName(const std::string& name) {
  if (name.empty() || name.size() > 100 || (name[0] >= '0' && name[0] <= '9')) return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
}

static std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

std::string openMetricsOf(const std::vector<Seen>& all) {
  std::map<std::string, std::string> families;
  std::string up = "# HELP dividere_up Whether what is registered describes itself.\n# TYPE dividere_up gauge\n";
  for (const auto& seen : all) {
    up += "dividere_up" + labels(seen) + (seen.description ? " 1\n" : " 0\n");
    for (const auto& [name, value] : seen.figures) {
      if (!isMetricName(name)) continue;
      families[name] += "dividere_" + name + "_total" + labels(seen) + " " + shown(value) + "\n";
    }
  }
  std::string text = up;
  for (const auto& [name, lines] : families) {
    text += "# HELP dividere_" + name + "_total As a peer says of itself.\n# TYPE dividere_" + name +
            "_total counter\n" + lines;
  }
  return text + "# EOF\n";
}

}  // namespace tool
