#include "socket_event.hpp"

namespace dividere::connection {

std::string_view name(EventType type) {
  switch (type) {
    case EventType::connected: return "connected";
    case EventType::connectDelayed: return "connectDelayed";
    case EventType::connectRetried: return "connectRetried";
    case EventType::listening: return "listening";
    case EventType::bindFailed: return "bindFailed";
    case EventType::accepted: return "accepted";
    case EventType::acceptFailed: return "acceptFailed";
    case EventType::closed: return "closed";
    case EventType::closeFailed: return "closeFailed";
    case EventType::disconnected: return "disconnected";
    case EventType::handshakeSucceeded: return "handshakeSucceeded";
    case EventType::handshakeFailed: return "handshakeFailed";
    case EventType::monitorStopped: return "monitorStopped";
  }
  return "unknown";
}

}  // namespace dividere::connection
