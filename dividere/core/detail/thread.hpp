#pragma once

// Threads as the library starts and ends them.

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "fork.hpp"
#include "waker.hpp"

namespace dividere::detail {

/// Starts a thread that no signal is delivered to (signals are the application's), under a name that
/// debuggers show (at most 15 characters).
std::thread startThread(const char* name, std::function<void()> body);

/// While one lives, the calling thread runs a callback of the program's (an event handler, say), or stands in for another
/// thread. Whatever is stopped from there is not waited for: its thread may be closing the very socket whose handler this
/// is, and wait in turn.
class CallbackScope {
 public:
  CallbackScope() noexcept : wasInside_(inside_) { inside_ = true; }
  ~CallbackScope() { inside_ = wasInside_; }
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;

  static bool isInside() noexcept { return inside_; }

 private:
  inline static thread_local bool inside_ = false;
  const bool wasInside_;
};

/// The thread of an active object: asked to stop by waking it from its poll(), never by a flag it has to look at
/// now and then.
class StoppableThread {
 public:
  StoppableThread() = default;
  ~StoppableThread();

  /// Does nothing after stop().
  void start(const char* name, std::function<void()> body);

  /// Makes the calling thread count as this one, in place of start(): stop() then does not wait for it.
  void adoptCurrent() noexcept { id_.store(std::this_thread::get_id(), std::memory_order_release); }

  /// Ends that.
  void leaveCurrent() noexcept { id_.store(std::thread::id(), std::memory_order_release); }

  /// Asks the thread to end and waits until it has; does not wait if called from the thread itself, inside a
  /// CallbackScope, nor in a forked child, where it does not run. Any thread, any number of times, also if never started.
  void stop();

  bool stopRequested() const noexcept { return stopRequested_.load(std::memory_order_acquire); }

  /// Whether stop() would wait for the thread's end, called from here.
  bool waitsFor() const noexcept { return !isCurrent() && !CallbackScope::isInside(); }

  bool isCurrent() const noexcept { return id_.load(std::memory_order_acquire) == std::this_thread::get_id(); }

  /// What the thread's poll() has to wait on besides its own descriptors.
  const Waker& waker() const noexcept { return waker_; }

 private:
  const ForkGuard fork_{};  // clang 14 needs the braces
  Waker waker_;
  std::atomic<bool> stopRequested_{false};
  std::atomic<std::thread::id> id_{};
  std::mutex joining_;
  std::thread thread_;  // under joining_
};

}  // namespace dividere::detail
