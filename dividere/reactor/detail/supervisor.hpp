#pragma once

// Who looks after the worker processes of an MpMsgReactor.

#include <signal.h>

#include <functional>
#include <mutex>
#include <vector>

#include "../../core/detail/bell.hpp"
#include "../../core/detail/fork.hpp"
#include "../../core/detail/thread.hpp"
#include "../mp_msg_reactor.hpp"
#include "worker_slot.hpp"

namespace dividere::detail {

/// Starts, watches, replaces and ends the worker processes, from a thread of its own. The children are forked in that
/// thread and bound to its life.
class Supervisor {
 public:
  Supervisor(int processes, std::function<void(reactor::MtMsgReactor&)> setup, const reactor::MpOptions& options);

  // Any thread. All but stop() throw Error{otherProcess} in a forked child.

  void stop() { thread_.stop(); }
  std::vector<int> pids() const;
  bool waitForWorkers(std::size_t n, const Deadline& deadline) const;

 private:
  void run();
  void startDue();
  void start(WorkerSlot& slot);
  void wait();
  void look(WorkerSlot& slot);
  void killOverdue(WorkerSlot& slot) const;
  void bury(WorkerSlot& slot, int pid);
  void report(const reactor::WorkerEnd& end, std::chrono::milliseconds pause) const;
  void endAll();
  void awaitEnd(WorkerSlot& slot, const Deadline& limit) const;
  void publish(bool isOver = false);

  const ForkGuard fork_;
  const std::function<void(reactor::MtMsgReactor&)> setup_;
  const reactor::MpOptions options_;
  sigset_t creatorsMask_;

  std::vector<WorkerSlot> slots_;  // in the supervising thread alone

  mutable Bell changed_;
  mutable std::mutex mutex_;
  std::vector<int> running_;    // under mutex_: the process ids of those that are set up
  std::size_t mostToCome_ = 0;  // under mutex_: how many may ever run at once, from now on

  StoppableThread thread_;  // last: it ends before what it uses
};

}  // namespace dividere::detail
