#pragma once

// Something that changes again and again, and threads that wait for it to be as they want it.

#include <mutex>
#include <vector>

#include "futex.hpp"

namespace dividere::detail {

class Waker;

/// Rung after each change. Any thread. Nothing throws but wait() with an Interrupt, for want of memory or a descriptor.
///
/// No condition variable: one that threads of the parent wait on could not be destroyed in a forked child.
class Bell {
 public:
  void ring() noexcept {
    rings_.fetch_add(1);
    wakeSleepers(rings_);
    if (pollers_.load() != 0) wakePollers();
  }

  /// Whether `isMet`, waiting for that until the deadline. It is called in this thread: now, and after each ring().
  template <class Condition>
  bool wait(const Condition& isMet, const Deadline& deadline) {
    if (deadline.interruptFd() >= 0) return waitInterruptibly(isMet, deadline);
    for (;;) {
      const std::uint32_t seen = rings_.load();
      if (isMet()) return true;
      if (deadline.passed()) return false;
      sleepWhile(rings_, seen, deadline);
    }
  }

 private:
  /// While it lives, ring() wakes this thread's poll().
  class Poller {
   public:
    explicit Poller(Bell& bell);
    ~Poller();
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;

    void wait(const Deadline& deadline) const noexcept;

   private:
    Bell& bell_;
    const Waker& waker_;
  };

  // Nobody can sleep on a word in memory and on a descriptor at once.
  template <class Condition>
  bool waitInterruptibly(const Condition& isMet, const Deadline& deadline) {
    if (isMet()) return true;
    for (const Poller poller(*this);;) {
      if (isMet()) return true;
      if (deadline.passed()) return false;
      poller.wait(deadline);
    }
  }

  void wakePollers() noexcept;

  FutexWord rings_{0};
  std::atomic<std::size_t> pollers_{0};  // how many there are; written under mutex_
  std::mutex mutex_;
  std::vector<int> waiting_;  // under mutex_: what wakes them
};

}  // namespace dividere::detail
