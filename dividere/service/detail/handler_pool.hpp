#pragma once

// Several handlers at once.

#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <vector>

#include "../../connection/dealer.hpp"
#include "../../connection/detail/frame.hpp"
#include "../../core/detail/thread.hpp"
#include "../../reactor/detail/origin.hpp"

namespace dividere::detail {

/// Threads that take requests from a short queue. While that is full, requests wait where they come from.
class HandlerPool {
 public:
  struct Job {
    connection::Route route;
    Frame body;
    RequestTerms terms = {};
  };

  struct Hooks {
    std::function<void(Job&)> handle;    ///< in one of the threads; throws nothing
    std::function<void()> hasRoom;       ///< in one of the threads: there is room again
    std::function<void()> lastHasEnded;  ///< in the last of the threads, once
  };

  HandlerPool(std::size_t threads, Hooks hooks);

  void start();

  bool isFull() const;
  void add(Job job);

  /// Has each thread end when the handler it runs is done; no job is begun any more. Any thread.
  void requestStop();

  /// The same, and waits for it. Not from one of the threads.
  void stop();

  /// Those that were never begun, once stopped.
  std::deque<Job> takeRest();

  /// Whether this is one of the threads.
  bool isCurrent() const;

 private:
  void work(const Waker& waker);
  bool next(Job& job, const Waker& waker);

  const Hooks hooks_;
  const std::size_t most_;  // jobs that wait

  mutable std::mutex mutex_;
  std::deque<Job> waiting_;         // under mutex_
  std::vector<const Waker*> idle_;  // under mutex_: of threads that wait for a job
  std::size_t working_ = 0;         // under mutex_: threads that have not ended
  bool stopping_ = false;           // under mutex_

  std::list<StoppableThread> threads_;  // last: they end before what they use
};

}  // namespace dividere::detail
