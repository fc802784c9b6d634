#include "kept_messages.hpp"

#include <utility>

namespace dividere::detail {

// What a message costs beside its bytes.
constexpr std::size_t kMessageOverhead = 128;

static std::size_t cost(const Frame& frame) { return frame.size() + kMessageOverhead; }

std::size_t KeptMessages::count(std::string_view series) const {
  const auto found = all_.find(series);
  return found == all_.end() ? 0 : toldOf(found->second);
}

KeptMessages::Series* KeptMessages::find(std::string_view series) {
  const auto found = all_.find(series);
  return found == all_.end() ? nullptr : &found->second;
}

bool KeptMessages::add(std::string_view name, std::uint64_t number, Frame&& frame, std::size_t spare) {
  auto found = all_.find(name);
  if (found == all_.end()) {
    if (all_.size() >= limits_.series) return false;
    found = all_.emplace(std::string(name), Series()).first;
  }
  Series& series = found->second;
  series.last = number;
  makeRoom(series, cost(frame), limits_.messages + spare);
  if (bytes_ + cost(frame) > limits_.bytes) return false;
  bytes_ += cost(frame);
  series.frames.push_back(std::move(frame));
  return true;
}

/// In the series itself. None of it is left if that is not enough: then the new message is not kept, and there would be a gap.
void KeptMessages::makeRoom(Series& series, std::size_t bytes, std::size_t messages) {
  while (!series.frames.empty() && (series.frames.size() >= messages || bytes_ + bytes > limits_.bytes)) {
    dropOldest(series);
  }
}

void KeptMessages::dropOldest(Series& series) {
  bytes_ -= cost(series.frames.front());
  series.frames.pop_front();
}

}  // namespace dividere::detail
