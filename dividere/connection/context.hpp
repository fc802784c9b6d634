#pragma once

#include <memory>

#include "../core/detail/hidden.hpp"

namespace dividere::detail {
struct ContextHandle;
}

namespace dividere::connection {

/// Owns ZeroMQ's background threads. Nobody needs to make one: all sockets share the process's own, made at
/// first use and never ended (a process that exits waits only for messages that are still being sent, no
/// longer than their socket's linger time).
///
/// A private context (SocketOptions::context) separates I/O threads, and the names of inproc endpoints:
/// those meet only within one context. Sockets keep their context alive; when the last of them and the last
/// pointer are gone, it ends, waiting no longer than the linger time of messages still being sent.
///
/// After fork() the child starts with a new shared context; objects made before the fork throw
/// Error{otherProcess} there.
class Context {
 public:
  /// Throws Error if the process is short of file descriptors, where libzmq would abort.
  explicit Context(int ioThreads = 1);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// The process's own.
  static std::shared_ptr<Context> shared();

  /// The `void*` of zmq_ctx_new(3).
  void* native() const noexcept;

 private:
  detail::Hidden<detail::ContextHandle> context_;
};

}  // namespace dividere::connection
