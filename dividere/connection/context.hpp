#pragma once

#include <memory>
#include <string>

#include "../core/detail/hidden.hpp"

namespace dividere::connection {
class Context;
}

namespace dividere::detail {
struct ContextHandle;
class Gatekeeper;
std::shared_ptr<Gatekeeper> gatekeeperOf(connection::Context& context);
std::string ownZapDomainOf(connection::Context& context);
}  // namespace dividere::detail

namespace dividere::connection {

/// Owns ZeroMQ's background threads. Nobody needs to make one: all sockets share the process's own context. It is made
/// at first use and never ended. A process that exits waits only for messages still being sent, and no longer than
/// their socket's linger time.
///
/// A private context (SocketOptions::context) has I/O threads and inproc names of its own: inproc endpoints meet only
/// within one context. Sockets keep their context alive. It ends when the last socket and the last pointer are gone,
/// and waits no longer than the linger time of messages still being sent.
///
/// After fork() the child starts with a new shared context. Objects made before the fork throw Error{otherProcess}
/// there.
class Context {
 public:
  /// Throws Error if the process is short of file descriptors: libzmq would abort.
  explicit Context(int ioThreads = 1);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// The process's own.
  static std::shared_ptr<Context> shared();

  /// The application has a ZAP handler of its own in this context, at `inproc://zeromq.zap.01`. For sockets that are secured
  /// (dividere::secure) it then decides who comes in, in place of Keys::nameOf(), and is asked with this domain; as long as it is
  /// not there, nobody comes in. The User-Id it replies with is Peer::name; Peer::key stays empty, and onlyFor() throws.
  /// Files of `authorized` have no effect, and nobody is cut off whom it would not let in any more.
  ///
  /// Call it before the first secured socket: otherwise throws Error{outOfTurn}. Throws std::errc::invalid_argument for an empty
  /// domain.
  void useOwnZapHandler(const std::string& domain);

  /// The `void*` of zmq_ctx_new(3).
  void* native() const noexcept;

 private:
  friend std::shared_ptr<detail::Gatekeeper> detail::gatekeeperOf(Context& context);
  friend std::string detail::ownZapDomainOf(Context& context);

  detail::Hidden<detail::ContextHandle> context_;
};

/// Whether large messages may go up to twice as fast, for more memory. At the first frame of 64 KiB or more, glibc's malloc() is
/// told, once, to keep such blocks in the process and not to give each one back to the system. More then stays of what a burst
/// took, until malloc_trim(3): measured, of 3,000 messages of 64 KiB that had queued up, 197 MiB instead of 117; of 300 of 1 MiB no
/// more than without. Limits that were set by mallopt(3) or by MALLOC_ variables stay.
///
/// That is so unless this function says false or, where it is not called, DIVIDERE_KEEP_LARGE_BLOCKS=0 is in the environment.
/// Call it before the first large frame: what malloc() was told is not taken back. Any thread.
void keepLargeBlocks(bool keep) noexcept;

}  // namespace dividere::connection
