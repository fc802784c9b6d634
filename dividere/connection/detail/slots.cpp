#include "slots.hpp"

#include <algorithm>
#include <utility>

namespace dividere::detail {

// What libzmq reads at once: a received frame is a part of such a block, and keeps all of it.
constexpr std::size_t kBlock = 8192;

// Messages up to this size are copied instead.
constexpr std::size_t kMostCopied = 1024;

// Of a slot beside the message and the series, about.
constexpr std::size_t kSlotOverhead = 256;

std::size_t Slots::put(std::string_view series, Frame&& message) {
  const auto known = bySeries_.find(series);
  if (known != bySeries_.end()) {
    bytes_ -= known->second->bytes;
    fill(*known->second, std::move(message));
    return 1 + makeRoom();
  }
  const auto entry = bySeries_.emplace(std::string(series), Waiting::iterator()).first;
  waiting_.push_back({Frame(), 0, entry});
  entry->second = std::prev(waiting_.end());
  fill(waiting_.back(), std::move(message));
  return makeRoom();
}

void Slots::fill(Slot& slot, Frame&& message) {
  const bool isCopied = message.size() <= kMostCopied;
  slot.bytes =
      kSlotOverhead + slot.series->first.size() + (isCopied ? message.size() : std::max(message.size(), kBlock));
  slot.message = isCopied ? Frame(message.view()) : std::move(message);
  bytes_ += slot.bytes;
}

std::size_t Slots::makeRoom() {
  std::size_t dropped = 0;
  for (; waiting_.size() > 1 && (bytes_ > mostBytes_ || waiting_.size() > kMost); ++dropped) drop(waiting_.begin());
  return dropped;
}

void Slots::drop(Waiting::iterator slot) {
  bytes_ -= slot->bytes;
  bySeries_.erase(slot->series);
  waiting_.erase(slot);
}

Frame Slots::take() {
  Frame message = std::move(waiting_.front().message);
  drop(waiting_.begin());
  return message;
}

}  // namespace dividere::detail
