#pragma once

// A publisher numbers its messages of one type and topic: a series. By the numbers a subscriber knows what it missed.

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace dividere::detail {

/// The numbers that a publisher has given. One thread at a time.
class SeriesNumbers {
 public:
  /// The last number of this series; 0 before its first message. `series` is the envelope's beginning: type and topic.
  std::uint64_t& last(std::string_view series);

 private:
  std::unordered_map<std::string, std::uint64_t> numbers_;
  std::unordered_map<std::string, std::uint64_t>::value_type* found_ = nullptr;  // the last one: probably the next, too
  std::string key_;                                                              // room for what is looked up
};

/// A series of this publisher, among those of all.
std::string seriesKey(std::uint32_t publisher, std::string_view series);

/// What a subscriber has had of each publisher's series. Bounded: beyond kMost series those heard longest ago are forgotten,
/// and begin anew when they are heard again. One thread at a time.
class SeriesBook {
 public:
  static constexpr std::size_t kMost = 100000;

  /// What a number says when it comes.
  struct Arrival {
    bool isNew = true;         // false: it, or a later one, has come before
    std::uint64_t missed = 0;  // messages between the one before and this one
  };

  /// The message of this number has come, or so many from it. The first one of a series begins it: nothing is missed before it.
  Arrival note(std::uint32_t publisher, std::string_view series, std::uint64_t number, std::uint64_t count = 1);

  /// The number that came last; 0 if none has, or that is forgotten.
  std::uint64_t last(std::uint32_t publisher, std::string_view series) const;

  /// The series that was noted last; changes() counts how often another one took its place. There has to be one.
  std::uint64_t changes() const { return changes_; }
  const std::string& latest() const { return recent_.front().name; }

  /// As note(), if this is the next number of latest() and so nothing is to be told of it; else false, and nothing is noted.
  bool noteNext(std::uint32_t publisher, std::uint64_t number) {
    Series& series = recent_.front();
    if (series.publisher != publisher || number != series.last + 1) return false;
    series.last = number;
    return true;
  }

  /// All up to this number have come, or do not count.
  void setLast(std::uint32_t publisher, std::string_view series, std::uint64_t number) {
    find(publisher, series, number).last = number;
  }

 private:
  struct Series {
    std::uint32_t publisher;
    std::string name;
    std::uint64_t last;
  };
  using Recent = std::list<Series>;

  Series& find(std::uint32_t publisher, std::string_view series, std::uint64_t number);
  void forgetOldest();

  Recent recent_;  // the one heard last first
  std::uint64_t changes_ = 0;
  std::unordered_map<std::string, Recent::iterator> byKey_;
};

}  // namespace dividere::detail
