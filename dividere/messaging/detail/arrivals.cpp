#include "arrivals.hpp"

#include <utility>

#include "../../core/detail/text.hpp"

namespace dividere::detail {

constexpr std::string_view kSubscriber = "messaging::Subscriber";

Arrivals::Arrivals(std::string where, const messaging::Topic& topic, OnMissed onMissed, Counter& missed)
    : where_(std::move(where)),
      topicFields_(detail::topicFields(kSubscriber, topic)),
      onMissed_(std::move(onMissed)),
      missed_(missed) {}

bool Arrivals::takes(Multipart& message) { return message.size() != 1 || takes(message.payload().view()); }

bool Arrivals::takes(std::string_view envelope) {
  Publication publication;
  if (!readPublication(envelope, publication)) return true;  // whoever decodes it says what is wrong
  if (!topicFields_.empty() && !isWanted(publication.series)) return false;
  received(publication);
  if (publication.sequence == 0 || publication.series.size() > kLongestSeries) return true;
  const SeriesBook::Arrival arrival = book_.note(publication.publisher, publication.series, publication.sequence);
  if (arrival.missed == 0) return true;
  missed_.add(arrival.missed);
  tell(publication.publisher, publication.series, arrival.missed);
  return true;
}

bool Arrivals::notes(std::string_view envelope, std::string_view& series) {
  Publication publication;
  if (!readPublication(envelope, publication)) return true;
  series = publication.series;
  if (!topicFields_.empty() && !isWanted(series)) return false;
  if (publication.sequence == 0 || series.size() > kLongestSeries) return true;
  const SeriesBook::Arrival arrival = book_.note(publication.publisher, series, publication.sequence);
  if (arrival.missed > 0) keepGap(publication, arrival.missed);
  return arrival.isNew;
}

void Arrivals::hands(std::string_view envelope) {
  Publication publication;
  if (readPublication(envelope, publication)) received(publication);
  if (hasGaps_) tellGaps();
}

void Arrivals::received(const Publication& publication) {
  if (series_ != publication.series) series_ = publication.series;
  ++received_;
}

void Arrivals::keepGap(const Publication& publication, std::uint64_t missed) {
  missed_.add(missed);
  std::lock_guard<std::mutex> lock(gapsMutex_);
  std::pair<std::uint32_t, std::string> of(publication.publisher, publication.series);
  if (gaps_.size() < kMostGaps || gaps_.count(of) > 0) gaps_[std::move(of)] += missed;
  hasGaps_ = true;
}

void Arrivals::tellGaps() {
  Gaps gaps;
  {
    std::lock_guard<std::mutex> lock(gapsMutex_);
    gaps.swap(gaps_);
    hasGaps_ = false;
  }
  for (const auto& [of, missed] : gaps) tell(of.first, of.second, missed);
}

// libzmq matches type and topic together. Without a type there is nothing for it to match the topic behind.
bool Arrivals::isWanted(std::string_view series) const {
  const std::string_view type = typeOfSeries(series);
  const auto topic = static_cast<std::size_t>(type.data() + type.size() - series.data());
  return series.substr(topic, topicFields_.size()) == topicFields_;
}

void Arrivals::tell(std::uint32_t publisher, std::string_view series, std::uint64_t missed) {
  const std::string type(typeOfSeries(series));
  warnings_.log(LogLevel::warning, kSubscriber,
                where_ + ": missed " + std::to_string(missed) + " of '" + shown(type) +
                    "': it is read too slowly, or the connection was lost");
  if (!onMissed_) return;
  try {
    onMissed_({publisher, type, topicOfSeries(series), missed});
  } catch (const std::exception& error) {
    log(LogLevel::error, kSubscriber, std::string("onMissed threw: ") + error.what());
  } catch (...) {
    log(LogLevel::error, kSubscriber, "onMissed threw something that is no std::exception");
  }
}

const messaging::Topic& Arrivals::topic() {
  if (topicOf_ != series_) {
    topic_ = topicOfSeries(series_);
    topicOf_ = series_;
  }
  return topic_;
}

}  // namespace dividere::detail
