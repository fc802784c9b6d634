#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "../core/detail/hidden.hpp"
#include "socket_options.hpp"

namespace dividere::detail {
class Socket;
struct Access;
}  // namespace dividere::detail

namespace dividere::connection {

/// The common base of every socket: the ZeroMQ socket and its monitoring (seeds: connection.Connector).
///
/// A socket belongs to one thread at a time; handing it to another needs what handing over any object
/// needs (a mutex, a join, a queue). It is movable; using a moved-from one throws Error{movedFrom}.
///
/// Destroying one returns at once: what it had accepted for sending is still sent in the background, for
/// SocketOptions::linger at most; a process that exits waits for that.
///
/// Endpoints are `tcp://host:port`, `ipc://path` or `inproc://name`; to bind, host may be `*` (every
/// interface) and port `*` (a free one; port() then tells which). One that cannot work throws
/// Error{badEndpoint} that says which part is wrong.
class Connector {
 public:
  Connector(Connector&&) noexcept;
  Connector& operator=(Connector&&) noexcept;

  /// Where it is bound (wildcards resolved) or, if it connects, the endpoint as given; the first of a list.
  std::string endpoint() const;

  /// The TCP port of endpoint(), 0 if it has none.
  std::uint16_t port() const;

  /// Calls `handler` for each event of this socket, in the monitor's thread, first with those that have
  /// already happened (the last 16 are kept). After this returns, the handler set before is not called
  /// again; nor is any after the socket is destroyed: both wait for a call under way, unless made from it.
  void onEvent(std::function<void(const SocketEvent&)> handler);

  /// The `void*` of zmq_socket(3), for whatever is not wrapped. Do not close it. Once it was asked for, no other thread
  /// touches it: a Publisher then takes in the news of its subscribers only while it is called.
  void* native();

 protected:
  explicit Connector(std::unique_ptr<detail::Socket> socket);
  ~Connector();

  /// Throws Error if it was moved from, or made before a fork().
  detail::Socket& socket() const;

 private:
  friend struct detail::Access;

  const char* who_;  // the class, also once moved from
  detail::Hidden<detail::Socket> socket_;
};

}  // namespace dividere::connection
