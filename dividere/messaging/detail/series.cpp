#include "series.hpp"

#include <utility>

namespace dividere::detail {

std::uint64_t& SeriesNumbers::last(std::string_view series) {
  if (!found_ || found_->first != series) {
    key_.assign(series);
    found_ = &*numbers_.try_emplace(key_, 0).first;
  }
  return found_->second;
}

std::string seriesKey(std::uint32_t publisher, std::string_view series) {
  std::string key;
  key.reserve(sizeof publisher + series.size());
  for (int shift = 0; shift < 32; shift += 8) key += static_cast<char>(publisher >> shift & 0xFF);
  return key.append(series);
}

SeriesBook::Arrival SeriesBook::note(std::uint32_t publisher, std::string_view series, std::uint64_t number) {
  Series& known = find(publisher, series, number);
  if (number <= known.last) return {false, 0};
  return {true, number - std::exchange(known.last, number) - 1};
}

std::uint64_t SeriesBook::last(std::uint32_t publisher, std::string_view series) const {
  if (recent_.empty()) return 0;
  if (recent_.front().publisher == publisher && recent_.front().name == series) return recent_.front().last;
  const auto known = byKey_.find(seriesKey(publisher, series));
  return known == byKey_.end() ? 0 : known->second->last;
}

SeriesBook::Series& SeriesBook::find(std::uint32_t publisher, std::string_view series, std::uint64_t number) {
  if (!recent_.empty() && recent_.front().publisher == publisher && recent_.front().name == series) {
    return recent_.front();
  }
  ++changes_;
  std::string key = seriesKey(publisher, series);
  const auto known = byKey_.find(key);
  if (known != byKey_.end()) {
    recent_.splice(recent_.begin(), recent_, known->second);
    return recent_.front();
  }
  if (recent_.size() == kMost) forgetOldest();
  recent_.push_front({publisher, std::string(series), number - 1});
  byKey_.emplace(std::move(key), recent_.begin());
  return recent_.front();
}

void SeriesBook::forgetOldest() {
  byKey_.erase(seriesKey(recent_.back().publisher, recent_.back().name));
  recent_.pop_back();
}

}  // namespace dividere::detail
