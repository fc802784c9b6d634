#pragma once

// Threads as the library starts and ends them.

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "waker.hpp"

namespace dividere::detail {

/// Starts a thread that no signal is delivered to (signals are the application's), under a name that
/// debuggers show (at most 15 characters).
std::thread startThread(const char* name, std::function<void()> body);

/// Whether the calling thread is running an event handler, or stands in for another (ReactorLoop::Visit). Whatever is
/// stopped there is not waited for: its thread may be closing the socket whose handler it is, and waits in turn.
inline thread_local bool isInEventHandler = false;

/// The thread of an active object: asked to stop by waking it from its poll(), never by a flag it has to look at
/// now and then.
class StoppableThread {
 public:
  StoppableThread();
  ~StoppableThread();

  /// Does nothing after stop().
  void start(const char* name, std::function<void()> body);

  /// Makes the calling thread count as this one, in place of start(): stop() then does not wait for it.
  void adoptCurrent() noexcept { id_.store(std::this_thread::get_id(), std::memory_order_release); }

  /// Asks the thread to end and waits until it has; does not wait if called from the thread itself, in an event handler,
  /// nor in a forked child, where it does not run. Any thread, any number of times, also if never started.
  void stop();

  bool stopRequested() const noexcept { return stopRequested_.load(std::memory_order_acquire); }
  bool isCurrent() const noexcept { return id_.load(std::memory_order_acquire) == std::this_thread::get_id(); }

  /// What the thread's poll() has to wait on besides its own descriptors.
  const Waker& waker() const noexcept { return waker_; }

 private:
  const unsigned generation_;
  Waker waker_;
  std::atomic<bool> stopRequested_{false};
  std::atomic<std::thread::id> id_{};
  std::mutex joining_;
  std::thread thread_;  // under joining_
};

}  // namespace dividere::detail
