#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dividere::connection {

/// What can happen to a socket, as zmq_socket_monitor(3) reports it.
enum class EventType {
  connected,           ///< a transport connection is up; value: its descriptor
  connectDelayed,      ///< connecting goes on in the background; value: errno
  connectRetried,      ///< no connection yet; value: milliseconds until the next attempt
  listening,           ///< bound; value: the listener's descriptor
  bindFailed,          ///< value: errno
  accepted,            ///< a peer's transport connection was accepted; value: its descriptor
  acceptFailed,        ///< value: errno
  closed,              ///< a connection attempt or a listener was closed; value: its descriptor
  closeFailed,         ///< value: errno
  disconnected,        ///< a connection ended; value: its descriptor
  handshakeSucceeded,  ///< the peer speaks ZeroMQ and fits: messages flow now
  handshakeFailed,     ///< the peer does not fit; value: errno, ZMQ_PROTOCOL_ERROR_* or a ZAP status
  monitorStopped,      ///< the socket is gone; what it had to send is sent or given up
};

/// "handshakeFailed" for EventType::handshakeFailed, and so on.
std::string_view name(EventType type);

/// One event of one socket.
struct SocketEvent {
  EventType type;
  std::uint32_t value;   ///< see EventType
  std::string endpoint;  ///< which of the socket's own this is about, as libzmq names it: "tcp://127.0.0.1:5555"
  std::string peer;      ///< accepted over tcp: where the peer is, "tcp://10.0.0.7:41234"; empty if it has gone already
  std::string
      reason;  ///< handshakeFailed: why, in words; "unauthorized" if the host knows the key, but not as one let in
};

}  // namespace dividere::connection
