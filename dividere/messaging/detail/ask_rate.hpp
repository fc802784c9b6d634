#pragma once

// How often somebody may ask for what takes long to reply to.

#include <chrono>
#include <map>
#include <string>

#include "../../core/detail/deadline.hpp"

namespace dividere::detail {

/// Gives each peer, and all of them together, a number of replies at once and so many a second. One thread at a time.
class AskRate {
 public:
  using Clock = Deadline::Clock;

  /// Whether this peer, called whatever tells it from others, gets one more.
  bool allow(const std::string& peer, Clock::time_point now);

 private:
  /// What is left, and when that was so.
  struct Share {
    double replies;
    Clock::time_point since;
  };

  void forgetRested(Clock::time_point now);

  Share all_{100, {}};
  std::map<std::string, Share> peers_;
};

}  // namespace dividere::detail
