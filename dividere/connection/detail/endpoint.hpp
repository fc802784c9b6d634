#pragma once

// Endpoints, checked before libzmq sees them.

#include <cstdint>
#include <string>
#include <string_view>

namespace dividere::detail {

enum class Transport { tcp, ipc, inproc };

/// A checked endpoint, in its parts.
struct Endpoint {
  Transport transport;
  std::string address;     ///< ipc: the path; inproc: the name; tcp: the host, brackets and all
  std::uint16_t port = 0;  ///< tcp: 0 for the wildcard
  bool wildcardPort = false;
  bool ipv6 = false;

  /// As libzmq wants it.
  std::string str() const;
};

/// Throws Error{badEndpoint}, which names the wrong part. Wildcards are valid only to bind.
Endpoint parseEndpoint(const std::string& who, const std::string& text, bool bind);

/// Whether the text names no peer, but an interface or a port of one's own: it has a `*`, or its host is 0.0.0.0 or [::].
/// Dealers and Responses bind such an endpoint (doc/wire.md).
bool hasWildcard(std::string_view text);

/// The endpoint to bind for this TCP port of every interface; 0: a free one.
std::string everyInterface(std::uint16_t port);

/// An ipc path can be taken over only from the dead: libzmq would delete whatever is there. Throws Error for a
/// file that is no socket and (address in use) for a socket that somebody listens on.
void checkIpcPathIsFree(const std::string& who, const Endpoint& endpoint);

}  // namespace dividere::detail
