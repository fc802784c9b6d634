#pragma once

// How a socket is bound.

#include <cstdint>
#include <string>
#include <vector>

#include "endpoint.hpp"
#include "native_socket.hpp"
#include "watch.hpp"

namespace dividere::detail {

/// Binds a socket, and frees the names it was bound to. In the thread of the socket.
class Binding {
 public:
  /// `watch` tells why a bind failed, if the socket is monitored.
  Binding(NativeSocket& socket, Watch& watch, bool isMonitored)
      : socket_(socket), watch_(watch), isMonitored_(isMonitored) {}

  /// Where it is bound then, wildcards resolved.
  std::string bind(const std::string& endpoint);

  /// Binds to the first of these ports on every interface that nobody listens on; where, or nothing if there is none.
  std::string bindToFirstFree(std::uint16_t first, std::uint16_t last);

  /// Before the socket is closed, which happens later, in a thread of libzmq: the names are free for the next one at once.
  void release();

 private:
  void bindTo(const Endpoint& endpoint);
  void bindOnceReleased(const std::string& endpoint);
  void bindToFreePort(Endpoint endpoint);
  bool tryBind(const std::string& endpoint);
  std::string lastEndpoint() const;

  NativeSocket& socket_;
  Watch& watch_;
  const bool isMonitored_;
  std::vector<std::string> names_;  // paths of ipc files, and inproc endpoints
};

}  // namespace dividere::detail
