#pragma once

// One worker process, as its parent sees it.

#include <poll.h>

#include <functional>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "../../core/detail/owned_descriptor.hpp"

namespace dividere::detail {

/// A forked child that says when it is set up, and ends when it is told to. It is bound to the life of the thread that
/// starts it, which alone uses this.
class WorkerProcess {
 public:
  /// What the child has to do with its parent.
  struct ChildsEnd {
    int parent;  // its process id
    int ready;   // takes the byte that says that the child is set up
    int stop;    // readable when the child is to end
  };

  /// None.
  WorkerProcess() = default;

  /// Forks, and calls `child` in the new process, where it must not return. Throws Error.
  explicit WorkerProcess(const std::function<void(const ChildsEnd&)>& child);

  bool isThere() const { return pid_ > 0; }
  int pid() const { return pid_; }

  /// What poll() has to wait on to learn of news, and until when: where the kernel does not tell of the end of a process,
  /// it has to be looked for.
  void addTo(std::vector<pollfd>& waits) const;
  Deadline nextLook() const;

  /// Whether it has said that it is set up, also if it has ended since. True once.
  bool readReady();

  /// Whether it has ended. From then on none is there, and signal() and status() say how it ended.
  bool reapIfEnded();

  /// The same, waiting for it until the deadline.
  bool awaitEnd(const Deadline& deadline);

  /// The signal that killed it; 0: it ended by itself with status().
  int signal() const;
  int status() const;

  void tellToStop();
  void kill();

  /// Closes the descriptors: once it has ended, and in another child of the same parent.
  void letGo();

 private:
  int pid_ = -1;
  int waitStatus_ = 0;
  OwnedDescriptor ready_;
  OwnedDescriptor stop_;  // a byte tells the child to end; so does the end of it, and our death
  OwnedDescriptor end_;   // a pidfd: readable once the process has ended; -1 before Linux 5.3
};

}  // namespace dividere::detail
