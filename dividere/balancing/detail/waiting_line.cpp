#include "waiting_line.hpp"

#include <iterator>
#include <utility>

namespace dividere::detail {

WaitingLine::Place WaitingLine::add(BrokerRequest&& request) {
  Requests& level = levels_[request.priority];
  level.push_back(std::move(request));
  ++count_;
  return std::prev(level.end());
}

WaitingLine::Levels::iterator WaitingLine::firstLevel() {
  const auto highest = levels_.begin();
  if (levels_.size() == 1 || turn_ + 1 < kFairTurn) return highest;
  const auto fair = levels_.upper_bound(lastFair_);
  return fair == levels_.end() || fair->second.empty() ? highest : fair;
}

void WaitingLine::moveFirst(Requests& to) {
  const auto level = firstLevel();
  turn_ = (turn_ + 1) % kFairTurn;
  if (turn_ == 0) lastFair_ = level->first;
  to.splice(to.end(), level->second, level->second.begin());
  --count_;
  forgetIfEmpty(level->first);
}

void WaitingLine::putBack(Requests& from, Place place) {
  Requests& level = levels_[place->priority];
  level.splice(level.begin(), from, place);
  ++count_;
}

BrokerRequest WaitingLine::take(Place place) {
  BrokerRequest taken(std::move(*place));
  levels_.at(taken.priority).erase(place);
  --count_;
  forgetIfEmpty(taken.priority);
  return taken;
}

void WaitingLine::moveAll(Requests& to) {
  for (auto& [priority, level] : levels_) to.splice(to.end(), level);
  levels_.clear();
  count_ = 0;
}

// That of 0, which most have, stays: it costs no memory anew with each request.
void WaitingLine::forgetIfEmpty(std::uint32_t priority) {
  if (priority == 0) return;
  const auto level = levels_.find(priority);
  if (level->second.empty()) levels_.erase(level);
}

}  // namespace dividere::detail
