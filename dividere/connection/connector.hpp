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

/// The common base of every socket: a ZeroMQ socket and its events.
///
/// A socket belongs to one thread at a time. To hand it to another thread, synchronise as for any object (a mutex, a
/// join, a queue). It is movable; using a moved-from socket throws Error{movedFrom}.
///
/// The destructor returns at once. Messages the socket has accepted are still sent in the background, for at most
/// SocketOptions::linger; a process that exits waits for that.
///
/// Endpoints are `tcp://host:port`, `ipc://path` or `inproc://name`. To bind, the host may be `*` (every interface)
/// and the port `*` (a free one; port() tells which). An endpoint that cannot work throws Error{badEndpoint}, which
/// names the wrong part. To bind an `ipc://` endpoint, 100 file descriptors must be free: libzmq aborts a process that has none left
/// when an ipc peer comes. When they run short, such peers are disconnected before that, as far as possible.
///
/// A peer may come later than the socket that connects to it: the socket keeps trying. It warns in the log after two attempts and
/// a second, or after five seconds if a peer was there before; at once if the peer is of no use (no ZeroMQ, or a kind of socket
/// that does not fit). It repeats that after one minute, two, four, up to an hour, and says when the peer is there at last.
class Connector {
 public:
  Connector(Connector&&) noexcept;
  Connector& operator=(Connector&&) noexcept;

  /// Where it is bound, wildcards resolved; the endpoint as given if it connects. Of several, the first.
  std::string endpoint() const;

  /// The TCP port of endpoint(); 0 if it has none.
  std::uint16_t port() const;

  /// Calls `handler` for each event of this socket, in the watcher's thread. It starts with the events that have
  /// already happened (the last 16 are kept). The former handler is not called after this returns, and no handler is
  /// called after the socket is destroyed: both wait for a running call, unless made from inside it.
  void onEvent(std::function<void(const SocketEvent&)> handler);

  /// For a loop of one's own, with poll(), epoll, Asio or Qt: readable while there may be something to receive. Then look, in
  /// the thread that uses the socket:
  ///
  ///     while (socket.wait(0ms)) handle(socket.recv());
  ///
  /// It stays readable until a wait() or recv() comes back empty, whatever else is called. It may be readable though nothing has
  /// come: a broken link, for one, is mended by wait(). Once wait() is false, the descriptor of a Request that has asked nothing is
  /// silent until it asks, and that of a Response that owes a reply until it replies. A Publisher's is readable when Subscribers may
  /// have come or gone: then call subscribers().
  ///
  /// The socket owns it: do not read or close it, and take it out of your loop before the socket is destroyed. It stays the same
  /// when the socket is moved. Do not call this after native(). Throws Error if the process has no descriptor left.
  int descriptor() const;

  /// From now on only peers whose keys are in this group (authorized.<group>) may connect to where it is bound. Others are refused,
  /// and cut off if they are connected already. Throws std::errc::operation_not_permitted if the socket is not secured
  /// (dividere::secure()). Call it in the socket's thread.
  void onlyFor(const std::string& group);

  /// The `void*` of zmq_socket(3), for whatever is not wrapped. Do not close it. After this call no other thread
  /// touches the socket, so a Publisher then learns of its subscribers only while one of its functions is called.
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
