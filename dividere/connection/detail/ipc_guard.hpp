#pragma once

// What keeps ipc listeners from ending the process.

#include <set>
#include <string>

#include "../../core/detail/log_line.hpp"
#include "../socket_event.hpp"

namespace dividere::detail {

/// Descriptors that an ipc listener wants to find free, to be bound and later.
constexpr int kIpcReserve = 100;

/// Peers that may wait to be accepted: fewer than the reserve, so that they cannot all be accepted before the watcher sees the
/// first. One that finds no room tries again a little later.
constexpr int kIpcBacklog = 32;

/// When a peer comes to an ipc listener and the process has no descriptor left for it, libzmq aborts the process. So an ipc
/// endpoint is not bound where fewer than kIpcReserve are left; and from then on peers that come when fewer are left, to any
/// listener, are disconnected again, by this. Of the watcher's thread.
///
/// No more can be done from outside libzmq. It does not help where the program itself opens descriptors until there are none,
/// nor for certain against hundreds of peers at once, when libzmq may accept the whole reserve before the watcher has its turn.
class IpcGuard {
 public:
  /// An event of the socket that `owner` stands for; `who` and the event's endpoint name it in the log.
  void follow(const void* owner, const std::string& who, const connection::SocketEvent& event);

  /// The socket is gone.
  void forget(const void* owner) { listeners_.erase(owner); }

 private:
  std::set<const void*> listeners_;  // whose sockets listen at an ipc endpoint
  RateLimit warnings_;
};

}  // namespace dividere::detail
