#include "statistics.hpp"

#include <map>
#include <mutex>
#include <tuple>

#include "detail/never_destroyed.hpp"
#include "detail/statistics_book.hpp"

namespace dividere::detail {

/// Under processMutex().
static std::list<const StatisticsSource*>& statisticsBook() {
  static NeverDestroyed<std::list<const StatisticsSource*>> book;
  return *book;
}

StatisticsSource::StatisticsSource() {
  const std::lock_guard<std::mutex> lock(processMutex());
  place_ = statisticsBook().insert(statisticsBook().end(), this);
  isListed_ = true;
}

StatisticsSource::~StatisticsSource() { leave(); }

void StatisticsSource::leave() noexcept {
  if (!isListed_) return;
  isListed_ = false;
  const std::lock_guard<std::mutex> lock(processMutex());
  statisticsBook().erase(place_);
}

/// One figure of a Statistics, as OpenMetrics names it.
struct Metric {
  const char* name;
  const char* help;
  std::uint64_t Statistics::*figure;
};

constexpr Metric kMetrics[] = {
    {"received_messages", "Messages received.", &Statistics::messagesIn},
    {"sent_messages", "Messages sent.", &Statistics::messagesOut},
    {"received_bytes", "Bytes received.", &Statistics::bytesIn},
    {"sent_bytes", "Bytes sent.", &Statistics::bytesOut},
    {"dropped_messages", "Messages that a publisher dropped for a subscriber.", &Statistics::dropped},
    {"missed_messages", "Messages that a subscriber missed.", &Statistics::missed},
    {"reconnects", "Connections made to a peer that was lost.", &Statistics::reconnects},
    {"failed_handshakes", "Peers with which there was no agreement.", &Statistics::handshakesFailed},
};

void forEachFigure(const Statistics& statistics, const std::function<void(const char*, std::uint64_t)>& function) {
  for (const Metric& metric : kMetrics) function(metric.name, statistics.*metric.figure);
}

/// What goes between the quotes of a label.
static std::string escapedLabel(const std::string& text) {
  std::string escaped;
  for (const char each : text) {
    if (each == '\\' || each == '"') escaped += '\\';
    escaped += each == '\n' ? std::string("\\n") : std::string(1, each);
  }
  return escaped;
}

using StatisticsByLabels = std::map<std::tuple<std::string, std::string, std::string>, Statistics>;

static StatisticsByLabels addedUp(const std::vector<Statistics>& all) {
  StatisticsByLabels sums;
  for (const Statistics& each : all) {
    Statistics& sum = sums[{each.kind, each.name, each.endpoint}];
    for (const Metric& metric : kMetrics) sum.*metric.figure += each.*metric.figure;
  }
  return sums;
}

static std::string shownLabels(const StatisticsByLabels::key_type& labels) {
  const auto& [kind, name, endpoint] = labels;
  return "{kind=\"" + escapedLabel(kind) + "\",name=\"" + escapedLabel(name) + "\",endpoint=\"" +
         escapedLabel(endpoint) + "\"}";
}

}  // namespace dividere::detail

namespace dividere {

std::vector<Statistics> statistics() {
  std::vector<Statistics> all;
  const std::lock_guard<std::mutex> lock(detail::processMutex());
  all.reserve(detail::statisticsBook().size());
  for (const detail::StatisticsSource* source : detail::statisticsBook()) {
    if (source->isOwn()) all.push_back(source->read());
  }
  return all;
}

std::string openMetrics() {
  const detail::StatisticsByLabels sums = detail::addedUp(statistics());
  std::string text;
  for (const detail::Metric& metric : detail::kMetrics) {
    // With the suffix also in what describes it: OpenMetrics would leave it out there, and then promtool finds no help.
    const std::string family = std::string("dividere_") + metric.name + "_total";
    text.append("# TYPE ").append(family).append(" counter\n# HELP ").append(family).append(" ").append(metric.help);
    text += '\n';
    for (const auto& [labels, sum] : sums) {
      text.append(family).append(detail::shownLabels(labels)).append(" ");
      text.append(std::to_string(sum.*metric.figure)).append("\n");
    }
  }
  return text.append("# EOF\n");
}

}  // namespace dividere
