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

SeriesBook::Arrival SeriesBook::note(std::uint32_t publisher, std::string_view series, std::uint64_t number,
                                     std::uint64_t count) {
  Series& known = find(publisher, series, number);
  const std::uint64_t end = number + count - 1;
  if (end <= known.last) return {false, 0};
  const std::uint64_t before = std::exchange(known.last, end);
  return {true, number > before ? number - before - 1 : 0};
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
