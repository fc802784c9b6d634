#pragma once

// What all sockets of a process share, and a forked child must not.

#include <memory>

#include "../context.hpp"
#include "drainer.hpp"
#include "watcher.hpp"

namespace dividere::detail {

/// Made at first use in each process, never destroyed: a static destructor that ended the context would wait
/// for every socket still alive, and threads may use it until the very end.
struct Process {
  static Process& current();

  /// The one that all sockets share, or the one for those that have keys where the others have none, or none where they have:
  /// where a context has a ZAP handler, libzmq asks it about every connection there, and 4.3.4 never ends a socket that is
  /// closed while it connects without keys.
  std::shared_ptr<connection::Context> context(bool differs = false);

  Watcher watcher;
  Drainer drainer;

  Process(unsigned madeIn, Process* parent) : generation(madeIn), inherited(parent) {}
  const unsigned generation;
  Process* const inherited;  // of no use in this process; kept only so that it does not count as leaked

 private:
  std::shared_ptr<connection::Context> contexts_[2];  // under processMutex()
};

/// In a forked child: lets go of the ports that the parent's PortManager holds. The parent keeps them.
void forgetHeldPorts();

/// Throws Error unless this many descriptors can still be opened: there are calls in which libzmq aborts the
/// process when it gets none.
void requireDescriptors(int count, const char* what);

}  // namespace dividere::detail
