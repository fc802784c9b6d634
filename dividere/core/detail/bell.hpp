#pragma once

// Something that changes again and again, and threads that wait for it to be as they want it.

#include "futex.hpp"

namespace dividere::detail {

/// Rung after each change. Any thread.
///
/// No condition variable: one that threads of the parent wait on could not be destroyed in a forked child.
class Bell {
 public:
  void ring() noexcept {
    rings_.fetch_add(1);
    wakeSleepers(rings_);
  }

  /// Whether `isMet`, waiting for that until the deadline. It is called in this thread: now, and after each ring().
  template <class Condition>
  bool wait(const Condition& isMet, const Deadline& deadline) {
    for (;;) {
      const std::uint32_t seen = rings_.load();
      if (isMet()) return true;
      if (deadline.passed()) return false;
      sleepWhile(rings_, seen, deadline);
    }
  }

 private:
  FutexWord rings_{0};
};

}  // namespace dividere::detail
