#pragma once

// The last messages of each series that a publisher has sent.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "../../connection/detail/frame.hpp"

namespace dividere::detail {

/// Keeps the last messages of each series, up to a number of them; for a while also some before them, which subscribers were told
/// of. Of a series that would take more bytes than are left, fewer
/// are kept: it never pushes out another's. One thread at a time.
class KeptMessages {
 public:
  struct Limits {
    std::size_t messages;  // of a series
    std::size_t bytes;     // in all
    std::size_t series;
  };

  struct Series {
    std::deque<Frame> frames;  // in the order of their numbers, without a gap
    std::uint64_t last = 0;    // the number of the last one

    std::uint64_t first() const { return last - frames.size() + 1; }
  };
  using All = std::map<std::string, Series, std::less<>>;

  explicit KeptMessages(const Limits& limits) : limits_(limits) {}

  /// How many of this series subscribers are told of.
  std::size_t count(std::string_view series) const;

  /// The number of the first one that they are told of; the one behind the last if there is none.
  std::uint64_t firstTold(const Series& series) const { return series.last - toldOf(series) + 1; }

  /// The next message of the series; whether it is kept. `spare`: how many are kept beyond those that subscribers are told of.
  bool add(std::string_view series, std::uint64_t number, Frame&& frame, std::size_t spare);

  /// Null if it is not known.
  Series* find(std::string_view series);

  const All& all() const { return all_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t toldOf(const Series& series) const { return std::min(series.frames.size(), limits_.messages); }
  void makeRoom(Series& series, std::size_t bytes, std::size_t messages);
  void dropOldest(Series& series);

  const Limits limits_;
  All all_;
  std::size_t bytes_ = 0;
};

}  // namespace dividere::detail
