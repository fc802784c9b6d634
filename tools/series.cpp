// SPDX-License-Identifier: MIT

#include "series.hpp"

#include <algorithm>
#include <cstdio>

namespace tool {

constexpr std::size_t kMostSeries = 100000;

void Series::Figures::restart() {
  const auto number = last;
  *this = {};
  last = number;
}

void Series::add(const Feed::Item& item) {
  const auto& message = item.message;
  Key key{message.type, shownTopic(message.topic), message.publisher};
  if (series_.size() >= kMostSeries && series_.count(key) == 0) key = {};
  auto& figures = series_[key];
  ++figures.messages;
  figures.bytes += static_cast<double>(item.bytes);
  if (figures.last != 0 && message.number > figures.last + 1) {
    figures.missed += static_cast<double>(message.number - figures.last - 1);
  }
  figures.last = std::max(figures.last, message.number);
  if (!message.sent) return;
  const std::chrono::duration<double, std::milli> delay = item.came.time_since_epoch() - *message.sent;
  ++figures.stamped;
  figures.delayMs += delay.count();
  figures.delayMaxMs = std::max(figures.delayMaxMs, delay.count());
}

dividere::tool::Rate Series::rate(const Key& key, const Figures& figures, double seconds) {
  dividere::tool::Rate rate;
  rate.set_type(std::get<0>(key));
  rate.set_topic(std::get<1>(key));
  char publisher[16];
  std::snprintf(publisher, sizeof publisher, "%08x", std::get<2>(key));
  if (std::get<2>(key) != 0) rate.set_publisher(publisher);
  rate.set_seconds(seconds);
  rate.set_messages(figures.messages);
  if (seconds > 0) rate.set_hz(figures.messages / seconds);
  if (seconds > 0) rate.set_bytes_per_s(figures.bytes / seconds);
  if (figures.stamped > 0) rate.set_delay_ms(figures.delayMs / figures.stamped);
  rate.set_delay_max_ms(figures.delayMaxMs);
  rate.set_missed(figures.missed);
  const double sent = figures.messages + figures.missed;
  if (sent > 0) rate.set_missed_percent(100 * figures.missed / sent);
  return rate;
}

}  // namespace tool
