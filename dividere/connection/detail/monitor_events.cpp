#include "monitor_events.hpp"

#include <zmq.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "../../core/error.hpp"
#include "frame.hpp"
#include "retry_interrupted.hpp"

namespace dividere::detail {

using connection::EventType;
using connection::SocketEvent;

MonitorEvents::MonitorEvents(void* context, void* socket, const std::string& who) {
  if (open(context, socket)) return;
  const std::error_code code(errno, std::generic_category());
  close();
  throw Error(code, who + ": monitor");
}

MonitorEvents::~MonitorEvents() { close(); }

// A monitor without a reader hangs its socket in zmq_bind(), and blocks the thread that closes it for ever. Once it is started
// nothing but a signal can keep the reader from it. (To connect the reader first would need no such care, but a connection
// that finds nobody makes libzmq abort the process if the context then ends without a descriptor left.)
bool MonitorEvents::open(void* context, void* socket) {
  static std::atomic<std::uint64_t> count{0};
  const std::string name = "inproc://dividere.monitor." + std::to_string(count++);
  reader_ = retryInterrupted([&] { return zmq_socket(context, ZMQ_PAIR); });
  if (!reader_) return false;
  const int none = 0;  // no bound: a full reader would block the thread that serves every socket
  zmq_setsockopt(reader_, ZMQ_RCVHWM, &none, sizeof none);
  zmq_setsockopt(reader_, ZMQ_LINGER, &none, sizeof none);
  std::size_t size = sizeof descriptor_;
  zmq_getsockopt(reader_, ZMQ_FD, &descriptor_, &size);
  if (retryInterrupted([&] { return zmq_socket_monitor(socket, name.c_str(), ZMQ_EVENT_ALL); }) != 0) return false;
  return retryInterrupted([&] { return zmq_connect(reader_, name.c_str()); }) == 0;
}

void MonitorEvents::close() noexcept {
  if (reader_) zmq_close(reader_);
  reader_ = nullptr;
}

void MonitorEvents::stop(void* socket) noexcept { zmq_socket_monitor(socket, nullptr, 0); }

// libzmq's numbers are bits; ours are the names of what they mean.
static bool translateEvent(std::uint16_t event, EventType& type) {
  switch (event) {
    case ZMQ_EVENT_CONNECTED: type = EventType::connected; return true;
    case ZMQ_EVENT_CONNECT_DELAYED: type = EventType::connectDelayed; return true;
    case ZMQ_EVENT_CONNECT_RETRIED: type = EventType::connectRetried; return true;
    case ZMQ_EVENT_LISTENING: type = EventType::listening; return true;
    case ZMQ_EVENT_BIND_FAILED: type = EventType::bindFailed; return true;
    case ZMQ_EVENT_ACCEPTED: type = EventType::accepted; return true;
    case ZMQ_EVENT_ACCEPT_FAILED: type = EventType::acceptFailed; return true;
    case ZMQ_EVENT_CLOSED: type = EventType::closed; return true;
    case ZMQ_EVENT_CLOSE_FAILED: type = EventType::closeFailed; return true;
    case ZMQ_EVENT_DISCONNECTED: type = EventType::disconnected; return true;
    case ZMQ_EVENT_MONITOR_STOPPED: type = EventType::monitorStopped; return true;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: type = EventType::handshakeSucceeded; return true;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: type = EventType::handshakeFailed; return true;
    default: return false;
  }
}

// u16 event and u32 value, unaligned, in the host's order; then the endpoint. False if this library has no name for it.
static bool translateEvent(const Frame& head, const Frame& endpoint, SocketEvent& event) {
  if (head.size() < sizeof(std::uint16_t) + sizeof(std::uint32_t)) return false;
  std::uint16_t number;
  std::memcpy(&number, head.view().data(), sizeof number);
  std::memcpy(&event.value, head.view().data() + sizeof number, sizeof event.value);
  event.endpoint = endpoint.str();
  return translateEvent(number, event.type);
}

MonitorEvents::Reading MonitorEvents::read(SocketEvent& event) {
  for (;;) {
    Frame head, endpoint;
    if (retryInterrupted([&] { return zmq_msg_recv(head.native(), reader_, ZMQ_DONTWAIT); }) < 0) {
      return errno == ETERM ? Reading::contextEnds : Reading::nothing;
    }
    if (head.more()) retryInterrupted([&] { return zmq_msg_recv(endpoint.native(), reader_, 0); });
    if (translateEvent(head, endpoint, event)) return Reading::event;
  }
}

}  // namespace dividere::detail
