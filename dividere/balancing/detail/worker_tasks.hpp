#pragma once

// The requests that a Worker has.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "../../connection/detail/frame.hpp"

namespace dividere::detail {

/// A request, from its arrival until the handler is done with it.
struct WorkerTask {
  std::vector<Frame> route;
  Frame payload;
};

/// Tasks on their way from the thread that receives them to the one that handles them. Any thread.
class WorkerTasks {
 public:
  void add(WorkerTask&& task);

  /// Forgets those that no handler has begun.
  void clear();

  /// The next one, when there is one; nothing after end(). The one before it is done with.
  std::optional<WorkerTask> next();

  /// There is nothing to do any more.
  void end();

  /// Whether none waits and none is being handled.
  bool isIdle() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<WorkerTask> waiting_;  // under mutex_
  bool isHandling_ = false;         // under mutex_
  bool hasEnded_ = false;           // under mutex_
};

}  // namespace dividere::detail
