#pragma once

// Why two peers did not come together.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dividere::detail {

/// What libzmq's numbers mean, of the two ends.
enum class HandshakeFault {
  none,
  // where it connects
  refused,       // the host does not let this key in
  wrongHostKey,  // the host ended it, as one does that has another key than it is thought to have, or is no CURVE host
  hostIsPlain,
  hostIsSecured,
  // where it binds
  peerRefused,  // which the gate has told
  peerHasWrongKey,
  peerIsPlain,
  peerIsSecured,
  noGate,
  // either
  ended,
  silent,  // no part of the handshake came in time
  misfit   // no ZeroMQ, or of a kind that does not fit
};

constexpr std::size_t kHandshakeFaults = static_cast<std::size_t>(HandshakeFault::misfit) + 1;

/// Of the value of EventType::handshakeFailed. `isHost`: at the end that binds.
HandshakeFault handshakeFault(std::uint32_t value, bool isHost, bool isSecured);

/// For SocketEvent::reason and the log.
std::string_view words(HandshakeFault fault);

/// Whether the keys at the two ends do not fit, or one end has none.
bool isAboutKeys(HandshakeFault fault);

}  // namespace dividere::detail
