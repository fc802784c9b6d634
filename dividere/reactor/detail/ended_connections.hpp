#pragma once

// Connections that have ended, until nobody can be left of them.

#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "alarm.hpp"

namespace dividere::detail {

/// The end of a connection is announced a moment before the socket forgets its peer. So whoever wants to know who has gone
/// with it looks at once, and a few times more within two seconds: all that ended lately at the same times.
class EndedConnections {
 public:
  using Clock = Deadline::Clock;

  /// `look` is called in the loop's thread, with the descriptors that the connections had.
  EndedConnections(ReactorLoop& loop, std::function<void(const std::vector<int>&)> look);

  /// Any thread.
  void add(int descriptor);

  /// Whether takeNews() has something to take. Any thread.
  bool hasNews() const;

  // In the loop's thread, which does it by itself unless it is kept busy:

  /// Takes in those that were added, and looks at what is due.
  void takeNews();

  /// When to look again; max: never.
  Clock::time_point nextLook() const;

 private:
  struct Ended {
    Clock::time_point when;
    std::size_t looks = 0;
    Clock::time_point due() const;
  };

  void lookAtDue();

  ReactorLoop& loop_;
  const std::function<void(const std::vector<int>&)> look_;

  // The loop's thread alone.
  std::map<int, Ended> ended_;
  Alarm alarm_;

  mutable std::mutex mutex_;
  std::vector<int> news_;  // under mutex_
};

}  // namespace dividere::detail
