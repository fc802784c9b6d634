#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

#include "../core/detail/hidden.hpp"
#include "../core/timeout.hpp"
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

  /// How long a worker process may take to end once stop() is called. Then it is killed.
  std::chrono::milliseconds stopLimit{2000};

  /// Crashes in a row allowed during setup or in the second after it. Then the worker is given up.
  int crashLimit = 5;

  /// How long a worker process may take for its setup. Then it is killed, which counts as a crash, and replaced.
  std::chrono::milliseconds startLimit{10000};
};

/// Worker processes that each run a reactor of their own (the Python package's messaging.MpMsgReactor), to use all cores, or to keep a
/// handler's crash from taking the others along.
///
///     MpMsgReactor workers(4, [](MtMsgReactor& reactor) {   // runs in each child
///       reactor.add(messaging::Response("tcp://localhost:6001")).on([](const Msg01& m) { return m; });
///     });
///
/// `setup` (initThread in Python) makes sockets and whatever state the handlers need, in the child: nothing made
/// before the fork is of use there, except plain data. A worker that dies is reported and replaced, at once if
/// it had worked, after a growing pause if it keeps failing. Children end with their parent, also with one
/// that is killed.
///
/// Children are forked from a program that may have threads and sockets. No socket of the parent stays open in them
/// (other descriptors do). A lock that another thread of the parent holds at that moment, in protobuf or another
/// library, stays locked in the child for ever: a setup that needs it hangs, is killed after MpOptions::startLimit, and is
/// tried again. Streams of a child are flushed at its end; destructors of static objects are not run. The program must
/// not ignore SIGCHLD, nor wait for children it did not start, or nobody knows how a worker ended.
class MpMsgReactor {
 public:
  /// Returns at once; waitForWorkers() tells when they are there. Throws std::system_error with
  /// std::errc::invalid_argument for fewer than one process.
  MpMsgReactor(int processes, std::function<void(MtMsgReactor&)> setup, const MpOptions& options = {});

  /// Stops, as stop().
  ~MpMsgReactor();
  MpMsgReactor(const MpMsgReactor&) = delete;
  MpMsgReactor& operator=(const MpMsgReactor&) = delete;

  /// Lets each worker finish the message at hand, and ends them all: those still in their setup at once, others by force after
  /// MpOptions::stopLimit. Any thread, any number of times; from onWorkerEnd it does not wait.
  void stop();

  // In a forked child of the program, which has no part in the workers, these throw Error{otherProcess}:

  /// Workers that have run their setup and are there now. Any thread.
  std::size_t alive() const;

  /// Whether that many are there, waiting for it until the time-out. Any thread.
  bool waitForWorkers(std::size_t n, Timeout timeout) const;
  bool waitForWorkers(std::size_t n, Timeout timeout,
                      const Interrupt& interrupt) const;  ///< raised: as at the time-out

  /// The process ids of those that are alive(). Any thread.
  std::vector<int> pids() const;

 private:
  detail::Hidden<detail::Supervisor> supervisor_;
};

}  // namespace dividere::reactor
