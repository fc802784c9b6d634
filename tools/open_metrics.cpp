// SPDX-License-Identifier: MIT

#include "open_metrics.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <dividere/core/detail/text.hpp>
#include <map>

#include "statistic_name.hpp"

namespace tool {

static std::string label(const char* name, const std::string& value) {
  return std::string(name) + "=\"" + dividere::detail::escapedLabel(value) + "\"";
}

/// Of the one who says it; without the braces, so that others can follow.
static std::string ownLabels(const Seen& seen) {
  return label("name", seen.address.name) + "," + label("kind", seen.address.kind) + "," +
         label("endpoint", seen.endpoint) + "," + label("process", seen.description ? seen.description->process : "") +
         "," + label("pid", seen.description ? std::to_string(seen.description->pid) : "");
}

static std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

static std::string sample(const std::string& name, const std::string& labels, double value) {
  return "dividere_" + name + "{" + labels + "} " + shown(value) + "\n";
}

/// What may fall, too.
static bool isGauge(const std::string& name) {
  for (const char* gauge : {"subscribers", "entries", "waiting", "in_flight", "workers", "waiting_requests"}) {
    if (name == gauge) return true;
  }
  return false;
}

/// The text of all metrics of one name.
struct Family {
  const char* type = "counter";
  const char* help = "As a peer says of itself.";
  std::string samples;
};

using Families = std::map<std::string, Family>;

/// One handler's times, as they are put together.
struct Histogram {
  std::map<double, double> buckets;  // how many messages took less than these seconds
  double count = 0, nanoseconds = 0;
};

using Histograms = std::map<std::string, Histogram>;  // by what is handled

static void addBucket(Histogram& histogram, const std::string& bound, double messages) {
  char* end = nullptr;
  const double seconds = std::strtod(bound.c_str(), &end);
  if (!bound.empty() && *end == '\0' && seconds >= 0 && seconds < 1e9) histogram.buckets[seconds] = messages;
}

/// Whether it is a figure of a handler; then it is added to it.
static bool takeHandler(const StatisticName& name, double value, Histograms& histograms) {
  const auto handles = name.labels.find("handles"), bound = name.labels.find("le");
  if (handles == name.labels.end() || histograms.size() > 1000) return false;
  auto& histogram = histograms[handles->second];
  if (name.family == "handler_seconds_bucket" && bound != name.labels.end()) {
    addBucket(histogram, bound->second, value);
  } else if (name.family == "handler_seconds_count") {
    histogram.count = value;
  } else if (name.family == "handler_nanoseconds_sum") {
    histogram.nanoseconds = value;
  }
  return true;
}

static void showHistograms(const Histograms& histograms, const std::string& own, Families& families) {
  constexpr const char* kName = "handler_seconds";
  for (const auto& [handles, times] : histograms) {
    auto& family = families.try_emplace(kName, Family{"histogram", "How long handlers ran.", ""}).first->second;
    const auto labels = own + "," + label("handles", handles);
    double before = 0;  // buckets never fall: a peer may say anything
    for (const auto& [bound, messages] : times.buckets) {
      before = std::min(std::max(before, messages), times.count);
      family.samples += sample("handler_seconds_bucket", labels + "," + label("le", shown(bound)), before);
    }
    family.samples += sample("handler_seconds_bucket", labels + ",le=\"+Inf\"", times.count);
    family.samples += sample("handler_seconds_sum", labels, times.nanoseconds / 1e9);
    family.samples += sample("handler_seconds_count", labels, times.count);
  }
}

static void showOne(const Seen& seen, Families& families) {
  const auto own = ownLabels(seen);
  Histograms histograms;
  for (const auto& [shownName, value] : seen.figures) {
    const auto name = readStatisticName(shownName);
    if (!name || takeHandler(*name, value, histograms)) continue;
    const auto reason = name->labels.find("reason");
    if (name->labels.size() > (reason == name->labels.end() ? 0 : 1)) continue;
    const auto labels = reason == name->labels.end() ? own : own + "," + label("reason", reason->second);
    const bool falls = isGauge(name->family);
    const auto whole = falls ? name->family : name->family + "_total";
    auto& family = families[whole];
    if (falls) family.type = "gauge";
    family.samples += sample(whole, labels, value);
  }
  showHistograms(histograms, own, families);
}

std::string openMetricsOf(const std::vector<Seen>& all) {
  Families families;
  auto& up = families["up"];
  up = {"gauge", "Whether what is registered describes itself.", ""};
  for (const auto& seen : all) {
    up.samples += sample("up", ownLabels(seen), seen.description ? 1 : 0);
    showOne(seen, families);
  }
  std::string text;
  for (const auto& [name, family] : families) {
    text += "# HELP dividere_" + name + " " + family.help + "\n# TYPE dividere_" + name + " " + family.type + "\n" +
            family.samples;
  }
  return text + "# EOF\n";
}

}  // namespace tool
