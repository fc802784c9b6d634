#pragma once

// What a worker process does, from the fork to its end.

#include <signal.h>

#include <functional>

#include "../mt_msg_reactor.hpp"
#include "worker_process.hpp"

namespace dividere::detail {

/// A reactor that setup fills and the process's only thread runs, in a child that was forked from a program with threads
/// and sockets.
class WorkerMain {
 public:
  /// `signals` is the mask that the process has from here on.
  [[noreturn]] static void run(const WorkerProcess::ChildsEnd& end,
                               const std::function<void(reactor::MtMsgReactor&)>& setup,
                               const sigset_t& signals) noexcept;

 private:
  static int work(const WorkerProcess::ChildsEnd& end, const std::function<void(reactor::MtMsgReactor&)>& setup);
};

}  // namespace dividere::detail
