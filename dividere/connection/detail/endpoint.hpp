#pragma once

// Endpoints, looked at before libzmq sees them.

#include <cstdint>
#include <string>
#include <string_view>

namespace dividere::detail {

enum class Transport { tcp, ipc, inproc };

/// An endpoint taken apart and found good.
struct Endpoint {
  Transport transport;
  std::string address;     ///< ipc: the path; inproc: the name; tcp: the host, brackets and all
  std::uint16_t port = 0;  ///< tcp: 0 for the wildcard
  bool wildcardPort = false;
  bool ipv6 = false;

  /// As libzmq is to be given it.
  std::string str() const;
};

/// Throws Error{badEndpoint}, naming the part that is wrong. Wildcards are good only to bind.
Endpoint parseEndpoint(const std::string& who, const std::string& text, bool bind);

/// Whether the text has a `*` where a tcp host or port stands: what makes it one to bind (WIRE.md).
bool hasWildcard(std::string_view text);

/// The endpoint to bind for this TCP port of every interface; 0: a free one.
std::string everyInterface(std::uint16_t port);

/// An ipc path can be taken over only from the dead: libzmq would delete whatever is there. Throws Error for a
/// file that is no socket and (address in use) for a socket that somebody listens on.
void checkIpcPathIsFree(const std::string& who, const Endpoint& endpoint);

}  // namespace dividere::detail
