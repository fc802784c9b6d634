#pragma once

// The requests that a Worker has.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../connection/detail/frame.hpp"
#include "../../reactor/detail/origin.hpp"

namespace dividere::detail {

/// A request, from its arrival until the handler is done with it.
struct WorkerTask {
  std::size_t line = 0;  // the broker it came from
  std::vector<Frame> route;
  Frame payload;
  RequestTerms terms;                  // of a typed one, as of its arrival
  std::shared_ptr<const Peer> caller;  // as the broker says; null if it does not
};

/// Tasks on their way from the thread that receives them to the one that handles them: of each broker in the order they
/// came, of several brokers in turn. Any thread.
class WorkerTasks {
 public:
  explicit WorkerTasks(std::size_t lines) : waiting_(lines) {}

  void add(WorkerTask&& task);

  /// Forgets those of this line that no handler has begun.
  void clear(std::size_t line);

  /// The one whose route begins so, unless a handler has begun it.
  std::optional<WorkerTask> take(std::size_t line, std::string_view token);

  /// Tells the handler of such a one, if it runs. Not under a lock of the caller's. Whether it runs.
  bool cancelRunning(std::size_t line, std::string_view token);

  /// So many more of its parts are wanted, if its handler runs. Whether it does.
  bool addCredit(std::size_t line, std::string_view token, std::uint32_t parts);

  /// Cuts off what is handled, if it is one of this line, as CallControl says. Not under a lock of the caller's.
  void cutOffRunning(std::size_t line);

  /// What reaches the task that is being handled.
  const std::shared_ptr<CallControl>& control() const { return control_; }

  /// The handler is done, and has left the reply to a Later: so what reaches that task is the Later's from now on.
  void leaveControl();

  /// The next one, when there is one; nothing after end(). The one before it is done with.
  std::optional<WorkerTask> next();

  /// There is nothing to do any more.
  void end();

  /// Whether none of this line waits and none is being handled.
  bool isIdle(std::size_t line) const;

 private:
  bool findNext();
  bool isRunning(std::size_t line, std::string_view token) const;

  // Constant but for leaveControl(); read by the handlers' thread, and by others under mutex_.
  std::shared_ptr<CallControl> control_ = std::make_shared<CallControl>();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::deque<WorkerTask>> waiting_;  // by line; under mutex_
  std::size_t turn_ = 0;                         // the line that was, or is, served last; under mutex_
  bool isHandling_ = false;                      // under mutex_
  std::string running_;                          // the token of the one that is, or was, handled; under mutex_
  bool hasEnded_ = false;                        // under mutex_
};

/// The tasks of one line.
class LineTasks {
 public:
  LineTasks(WorkerTasks& tasks, std::size_t line) : tasks_(tasks), line_(line) {}

  void add(WorkerTask&& task) const {
    task.line = line_;
    tasks_.add(std::move(task));
  }
  std::optional<WorkerTask> take(std::string_view token) const { return tasks_.take(line_, token); }
  bool cancelRunning(std::string_view token) const { return tasks_.cancelRunning(line_, token); }
  bool addCredit(std::string_view token, std::uint32_t parts) const { return tasks_.addCredit(line_, token, parts); }
  void cutOffRunning() const { tasks_.cutOffRunning(line_); }
  void clear() const { tasks_.clear(line_); }
  bool isIdle() const { return tasks_.isIdle(line_); }

 private:
  WorkerTasks& tasks_;
  const std::size_t line_;
};

}  // namespace dividere::detail
