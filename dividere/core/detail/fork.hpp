#pragma once

// What the library does so that fork() stays safe.

#include <atomic>
#include <mutex>
#include <string_view>

namespace dividere::detail {

// A counter instead of a getpid() in every call: getpid() is a system call.
extern std::atomic<unsigned> currentForkGeneration;

/// How many forks lie between this process and the first of its line that used the library. An object
/// remembers the generation it was made in: a different one now means it belongs to an ancestor.
inline unsigned forkGeneration() noexcept { return currentForkGeneration.load(std::memory_order_relaxed); }

/// Tells an object that a fork() has left it in a child, where its threads do not run, its locks may be held for ever, and
/// its sockets are the parent's. Made with the object, and moved and copied with it.
class ForkGuard {
 public:
  /// Whether this is a forked child of the process that made the object.
  bool crossed() const noexcept { return generation_ != forkGeneration(); }

  /// Throws Error{otherProcess} if so; `who` is the object's class.
  void require(std::string_view who) const {
    if (crossed()) fail(who);
  }

 private:
  [[noreturn]] static void fail(std::string_view who);

  unsigned generation_ = forkGeneration();
};

/// Guards the few things that are process-wide (the log's handler, held ports, the context). fork() waits
/// for it, so that a child never inherits it locked. Hold it briefly, and never while user code runs.
std::mutex& processMutex();

}  // namespace dividere::detail
