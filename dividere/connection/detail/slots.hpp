#pragma once

// What a slow reader has not read yet: of each series the newest message alone.

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>

#include "frame.hpp"

namespace dividere::detail {

/// One slot for each series. Bounded, as publishers choose the series: beyond the bounds the messages that wait longest make
/// room. One thread at a time.
class Slots {
 public:
  static constexpr std::size_t kMost = 100000;

  /// `mostBytes`: of all that waits, though one message may always wait; negative: no bound.
  explicit Slots(std::int64_t mostBytes) : mostBytes_(static_cast<std::uint64_t>(mostBytes)) {}

  /// Puts a message into the slot of its series. Returns how many messages it took the place of.
  std::size_t put(std::string_view series, Frame&& message);

  bool isEmpty() const { return waiting_.empty(); }

  /// Takes the message of the slot that has been full for longest: in turn, so that no series keeps another from being read.
  Frame take();

 private:
  struct Slot;
  using Waiting = std::list<Slot>;
  using BySeries = std::map<std::string, Waiting::iterator, std::less<>>;
  struct Slot {
    Frame message;
    std::size_t bytes;
    BySeries::iterator series;
  };

  void fill(Slot& slot, Frame&& message);
  void drop(Waiting::iterator slot);
  std::size_t makeRoom();

  const std::uint64_t mostBytes_;
  std::uint64_t bytes_ = 0;
  Waiting waiting_;  // the one that has been full for longest first
  BySeries bySeries_;
};

}  // namespace dividere::detail
