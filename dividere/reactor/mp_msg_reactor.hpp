#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "../core/detail/hidden.hpp"
#include "mt_msg_reactor.hpp"

namespace dividere::detail {
class Supervisor;
}

namespace dividere::reactor {

/// How a worker process ended.
struct WorkerEnd {
  std::size_t worker;  ///< which one, from 0
  int pid;
  int signal;     ///< the signal that killed it; 0: it ended by itself, with
  int status;     ///< this exit status
  bool replaced;  ///< false: it kept crashing, and is given up
};

struct MpOptions {
  /// Called in the supervising thread for each worker process that ends before stop().
  std::function<void(const WorkerEnd&)> onWorkerEnd;

  /// What a worker process has to end in, once stop() is called, before it is killed.
  std::chrono::milliseconds stopLimit{2000};

  /// So many times in a row a worker may crash during its setup or within a second of it; then it is given up.
  int crashLimit = 5;
};

/// Worker processes that each run a reactor of their own (seeds: messaging.MpMsgReactor), to use all cores, or to keep a
/// handler's crash from taking the others along.
///
///     MpMsgReactor workers(4, [](MtMsgReactor& reactor) {   // runs in each child
///       reactor.add(messaging::Response("tcp://localhost:6001")).on([](const Msg01& m) { return m; });
///     });
///
/// `setup` (the seeds' initThread) makes sockets and whatever state the handlers need, in the child: nothing made
/// before the fork is of use there, except plain data. A worker that dies is reported and replaced, at once if
/// it had worked, after a growing pause if it keeps failing. Children end with their parent, also with one
/// that is killed.
///
/// Children are forked, and safe in a program that has threads and sockets: no socket of the parent stays open in them
/// (other descriptors do). Their streams are flushed, their destructors of static objects not run. The program must
/// not ignore SIGCHLD or wait for children it did not start, or a worker's way of ending is not known.
class MpMsgReactor {
 public:
  /// Returns at once; waitForWorkers() tells when they are there. Throws std::system_error with
  /// std::errc::invalid_argument for fewer than one process.
  MpMsgReactor(int processes, std::function<void(MtMsgReactor&)> setup, const MpOptions& options = {});

  /// Stops, as stop().
  ~MpMsgReactor();
  MpMsgReactor(const MpMsgReactor&) = delete;
  MpMsgReactor& operator=(const MpMsgReactor&) = delete;

  /// Lets each worker finish the message at hand and ends them all, by force after MpOptions::stopLimit. Any thread, any
  /// number of times; from onWorkerEnd it does not wait.
  void stop();

  /// Workers that have run their setup and are there now. Any thread.
  std::size_t alive() const;

  /// Whether that many are there, waiting for it until the time-out. Any thread.
  bool waitForWorkers(std::size_t n, std::chrono::milliseconds timeout) const;

  /// The process ids of those that are alive(). Any thread.
  std::vector<int> pids() const;

 private:
  detail::Hidden<detail::Supervisor> supervisor_;
};

}  // namespace dividere::reactor
