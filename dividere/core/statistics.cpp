#include "statistics.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <tuple>

#include "detail/never_destroyed.hpp"
#include "detail/statistics_book.hpp"
#include "detail/text.hpp"

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

std::vector<ConnectedTo> connectionsOfProcess(std::size_t most) {
  std::vector<ConnectedTo> all;
  const std::lock_guard<std::mutex> lock(processMutex());
  for (const StatisticsSource* source : statisticsBook()) {
    if (all.size() >= most) break;
    if (source->isOwn()) source->addConnections(all, most);
  }
  return all;
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
    {"skipped_messages", "Messages that were not read before newer ones came.", &Statistics::skipped},
    {"refused_messages", "Messages that no handler or worker was given.", &Statistics::refused},
    {"expired_requests", "Requests whose caller's time had passed.", &Statistics::expired},
};

void forEachFigure(const Statistics& statistics, const std::function<void(const char*, std::uint64_t)>& function) {
  for (const Metric& metric : kMetrics) function(metric.name, statistics.*metric.figure);
}

using StatisticsByLabels = std::map<std::tuple<std::string, std::string, std::string>, Statistics>;

static void addTo(std::vector<HandshakeFaults>& sum, const HandshakeFaults& each) {
  const auto isIt = [&](const HandshakeFaults& other) { return other.reason == each.reason; };
  const auto found = std::find_if(sum.begin(), sum.end(), isIt);
  if (found == sum.end()) return sum.push_back(each);
  found->count += each.count;
}

static void addTo(std::vector<HandlerTime>& sum, const HandlerTime& each) {
  const auto isIt = [&](const HandlerTime& other) { return other.handles == each.handles; };
  const auto found = std::find_if(sum.begin(), sum.end(), isIt);
  if (found == sum.end()) return sum.push_back(each);
  found->total += each.total;
  for (std::size_t i = 0; i < each.buckets.size(); ++i) found->buckets[i] += each.buckets[i];
}

static StatisticsByLabels addedUp(const std::vector<Statistics>& all) {
  StatisticsByLabels sums;
  for (const Statistics& each : all) {
    Statistics& sum = sums[{each.kind, each.name, each.endpoint}];
    for (const Metric& metric : kMetrics) sum.*metric.figure += each.*metric.figure;
    sum.queue += each.queue;
    for (const HandshakeFaults& faults : each.handshakeFaults) addTo(sum.handshakeFaults, faults);
    for (const HandlerTime& time : each.handlers) addTo(sum.handlers, time);
  }
  return sums;
}

/// With `more`, as in `,le="1"`, behind them.
static std::string shownLabels(const StatisticsByLabels::key_type& labels, const std::string& more = {}) {
  const auto& [kind, name, endpoint] = labels;
  return "{kind=\"" + escapedLabel(kind) + "\",name=\"" + escapedLabel(name) + "\",endpoint=\"" +
         escapedLabel(endpoint) + "\"" + more + "} ";
}

/// "dividere_" and the name, with what describes it in `text`.
static std::string beginFamily(std::string& text, const std::string& name, const char* type, const char* help) {
  std::string family = "dividere_" + name;
  text.append("# TYPE ").append(family).append(" ").append(type);
  text.append("\n# HELP ").append(family).append(" ").append(help) += '\n';
  return family;
}

static void showCounters(const StatisticsByLabels& sums, std::string& text) {
  for (const Metric& metric : kMetrics) {
    // With the suffix also in what describes it: OpenMetrics would leave it out there, and then promtool finds no help.
    const std::string family = beginFamily(text, std::string(metric.name) + "_total", "counter", metric.help);
    for (const auto& [labels, sum] : sums) {
      text.append(family).append(shownLabels(labels)).append(std::to_string(sum.*metric.figure)) += '\n';
    }
  }
}

static std::string reasonLabel(const HandshakeFaults& faults) {
  return "reason=\"" + escapedLabel(faults.reason) + "\"";
}

static void showFaults(const StatisticsByLabels& sums, std::string& text) {
  const std::string family = beginFamily(text, "handshake_faults_total", "counter", "Failed handshakes, by reason.");
  for (const auto& [labels, sum] : sums) {
    for (const HandshakeFaults& each : sum.handshakeFaults) {
      text.append(family).append(shownLabels(labels, "," + reasonLabel(each))).append(std::to_string(each.count)) +=
          '\n';
    }
  }
}

std::string nameOf(const HandshakeFaults& faults) { return "handshake_faults{" + reasonLabel(faults) + "}"; }

static void showQueues(const StatisticsByLabels& sums, std::string& text) {
  const std::string family = beginFamily(text, "waiting_requests", "gauge", "Requests that wait now.");
  for (const auto& [labels, sum] : sums) {
    text.append(family).append(shownLabels(labels)).append(std::to_string(sum.queue)) += '\n';
  }
}

/// In decimals, without a locale: "0.000001024".
static std::string asSeconds(std::uint64_t nanoseconds) {
  std::string text = std::to_string(nanoseconds);
  if (text.size() < 10) text.insert(0, 10 - text.size(), '0');
  text.insert(text.size() - 9, ".");
  text.erase(text.find_last_not_of('0') + 1);
  return text.back() == '.' ? text + "0" : text;
}

/// Up to which a message of this bucket may take, in seconds.
static std::string boundOf(std::size_t bucket) {
  return bucket + 1 == HandlerTime::kBuckets ? "+Inf" : asSeconds(std::uint64_t{1024} << bucket);
}

static std::string handlesLabel(const HandlerTime& time) { return "handles=\"" + escapedLabel(time.handles) + "\""; }

void forEachFigure(const HandlerTime& time, const std::function<void(std::string, std::uint64_t)>& function) {
  const std::string handles = "{" + handlesLabel(time);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < time.buckets.size(); ++i) {
    if (time.buckets[i] == 0) continue;
    count += time.buckets[i];
    function("handler_seconds_bucket" + handles + ",le=\"" + boundOf(i) + "\"}", count);
  }
  if (count == 0) return;
  function("handler_seconds_count" + handles + "}", count);
  function("handler_nanoseconds_sum" + handles + "}", static_cast<std::uint64_t>(time.total.count()));
}

static void showHandler(const std::string& family, const StatisticsByLabels::key_type& labels, const HandlerTime& time,
                        std::string& text) {
  const std::string handles = "," + handlesLabel(time);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < time.buckets.size(); ++i) {
    count += time.buckets[i];
    std::string further = handles;
    further.append(",le=\"").append(boundOf(i)) += '"';
    text.append(family).append("_bucket").append(shownLabels(labels, further));
    text.append(std::to_string(count)) += '\n';
  }
  text.append(family).append("_sum").append(shownLabels(labels, handles));
  text.append(asSeconds(static_cast<std::uint64_t>(time.total.count()))) += '\n';
  text.append(family).append("_count").append(shownLabels(labels, handles)).append(std::to_string(count)) += '\n';
}

static void showHandlers(const StatisticsByLabels& sums, std::string& text) {
  const std::string family = beginFamily(text, "handler_seconds", "histogram", "How long handlers ran.");
  for (const auto& [labels, sum] : sums) {
    for (const HandlerTime& each : sum.handlers) showHandler(family, labels, each, text);
  }
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
  detail::showCounters(sums, text);
  detail::showFaults(sums, text);
  detail::showQueues(sums, text);
  detail::showHandlers(sums, text);
  return text.append("# EOF\n");
}

}  // namespace dividere
