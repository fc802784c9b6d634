#pragma once

// Something that happens once, and threads that wait for it.

#include <mutex>
#include <vector>

#include "futex.hpp"

namespace dividere::detail {

/// Shut until open(). Any thread. Nothing throws but addWaker(), for want of memory, and wait() with an Interrupt:
/// destructors wait for latches.
///
/// No condition variable: one that threads of the parent wait on could not be destroyed in a forked child. No descriptor
/// either: there may be none left.
class Latch {
 public:
  void open() noexcept;
  bool isOpen() const noexcept;

  /// Whether it is open, waiting for that until the deadline.
  bool wait(const Deadline& deadline);

  // For whoever waits for other things too:
  void addWaker(int fd);  ///< woken by open(); at once if that was before
  void removeWaker(int fd) noexcept;

 private:
  enum State : std::uint32_t { kShut, kSleptOn, kOpen };

  bool hasOpenedOrWillWake() noexcept;
  bool waitInterruptibly(const Deadline& deadline);

  mutable std::mutex mutex_;
  FutexWord state_{kShut};    // written under mutex_
  std::vector<int> waiting_;  // under mutex_: what wakes those who wait
};

}  // namespace dividere::detail
