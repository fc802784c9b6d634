#pragma once

// A time that can be polled for.

#include "deadline.hpp"
#include "owned_descriptor.hpp"

namespace dividere::detail {

/// A descriptor that is readable from the time it is set to. Throws Error if the process has no descriptor left.
class AlarmClock {
 public:
  AlarmClock();

  int fd() const noexcept { return timer_.get(); }

  /// The farthest time point there is: never. Costs nothing if it is set to that time already.
  void set(Deadline::Clock::time_point due) noexcept;

 private:
  OwnedDescriptor timer_;
  Deadline::Clock::time_point due_ = Deadline::Clock::time_point::max();
};

}  // namespace dividere::detail
