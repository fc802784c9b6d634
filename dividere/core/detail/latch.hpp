#pragma once

// Something that happens once, and threads that wait for it.

#include <mutex>
#include <vector>

#include "deadline.hpp"

namespace dividere::detail {

/// Shut until open(). Any thread.
///
/// No condition variable: one that threads of the parent wait on could not be destroyed in a forked child.
class Latch {
 public:
  void open();
  bool isOpen() const;

  /// Whether it is open, waiting for that until the deadline.
  bool wait(const Deadline& deadline);

  // For whoever waits for other things too:
  void addWaker(int fd);  ///< woken by open(); at once if that was before
  void removeWaker(int fd);

 private:
  mutable std::mutex mutex_;
  bool open_ = false;         // under mutex_
  std::vector<int> waiting_;  // under mutex_: what wakes those who wait
};

}  // namespace dividere::detail
