#pragma once

// Connections that have ended, until nobody can be left of them.

#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "../../reactor/detail/alarm.hpp"

namespace dividere::detail {

/// The end of a connection is announced a moment before the socket forgets its peer. So whoever wants to know who has gone
/// with it looks at once, and a few times more within 200 ms: all that ended lately at the same times.
class EndedConnections {
 public:
  /// `look` is called in the loop's thread, with the descriptors that the connections had.
  EndedConnections(ReactorLoop& loop, std::function<void(const std::vector<int>&)> look);

  /// Any thread.
  void add(int descriptor);

 private:
  using Clock = Deadline::Clock;

  struct Ended {
    Clock::time_point when;
    std::size_t looks = 0;
    Clock::time_point due() const;
  };

  void takeNews();
  void lookAtDue();

  ReactorLoop& loop_;
  const std::function<void(const std::vector<int>&)> look_;

  // The loop's thread alone.
  std::map<int, Ended> ended_;
  Alarm alarm_;

  std::mutex mutex_;
  std::vector<int> news_;  // under mutex_
};

}  // namespace dividere::detail
