#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "context.hpp"
#include "socket_event.hpp"

namespace dividere::connection {

/// Whether a socket waits to be found, or goes and finds.
enum class Attach {
  automatic,  ///< as each class says
  bind,
  connect,
};

/// What can be said of any socket when it is made. The defaults suit most.
struct SocketOptions {
  /// Messages kept for each peer that does not keep up (ZMQ_SNDHWM, ZMQ_RCVHWM); 0: no bound.
  int sendQueue = 1000;
  int receiveQueue = 1000;

  /// How long a destroyed socket goes on sending, in the background, what it had accepted. Unset: one second,
  /// none for a Subscriber. Negative: without bound; then a process does not exit before all is sent.
  std::optional<std::chrono::milliseconds> linger;

  /// The largest frame taken from a peer; one who sends more is disconnected. Nor is a larger one sent:
  /// that is Error{tooLarge}.
  std::int64_t maxMessageBytes = 256 * 1024 * 1024;

  /// Sizes of the kernel's buffers of each connection; 0: the system's default.
  int kernelSendBuffer = 0;
  int kernelReceiveBuffer = 0;

  /// Pause before connecting again: from the first to the second, doubling.
  std::chrono::milliseconds reconnect{100};
  std::chrono::milliseconds reconnectMax{5000};

  /// A Publisher whose queue for some subscriber is full drops that subscriber's messages, counts them and
  /// warns; true makes send() wait for room instead.
  bool waitWhenFull = false;

  /// Off: saves two descriptors a socket; then no events, no healing of links that a faulty peer has broken,
  /// no passing over of dead endpoints, and no waiting at exit for messages still being sent.
  bool monitor = true;

  /// As Connector::onEvent, in time for the first event.
  std::function<void(const SocketEvent&)> onEvent;

  Attach attach = Attach::automatic;

  /// Null: the process's own.
  std::shared_ptr<Context> context;

  /// Called with the native socket after all options are set, before it binds or connects: for what is not
  /// covered here (CURVE keys, for example).
  std::function<void(void*)> configure;
};

}  // namespace dividere::connection
