#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "context.hpp"
#include "keys.hpp"
#include "socket_event.hpp"

namespace dividere::connection {

/// Whether a socket binds or connects.
enum class Attach {
  automatic,  ///< as each class says
  bind,
  connect,
};

/// Options of any socket, set when it is made. The defaults suit most programs.
struct SocketOptions {
  /// Messages queued for each peer that does not keep up (ZMQ_SNDHWM, ZMQ_RCVHWM). 0: no bound. A Subscriber sends nothing
  /// but its topics: those are never dropped.
  int sendQueue = 1000;
  int receiveQueue = 1000;

  /// How long a destroyed socket goes on sending, in the background, what it has accepted. Unset: one second, and
  /// nothing for a Subscriber. Negative: no bound; then the process does not exit before all is sent.
  std::optional<std::chrono::milliseconds> linger;

  /// The largest frame, in bytes. A peer that sends a larger one is disconnected; sending a larger one throws
  /// Error{tooLarge}. What a Publisher reads is topics, for which there is a smaller bound.
  std::int64_t maxMessageBytes = 256 * 1024 * 1024;

  /// Sizes in bytes of the kernel's buffers for each connection. 0: the system's default.
  int kernelSendBuffer = 0;
  int kernelReceiveBuffer = 0;

  /// Pause before connecting again. It doubles from the first value up to the second.
  std::chrono::milliseconds reconnect{100};
  std::chrono::milliseconds reconnectMax{5000};

  /// When a Publisher's queue for a subscriber is full: false drops messages for that subscriber, counts that and
  /// warns; true makes send() wait for room.
  bool waitWhenFull = false;

  /// False saves two descriptors a socket. But then there are no events, links that a faulty peer broke are not mended, dead
  /// endpoints are not passed over, and the exit does not wait for messages that are still being sent.
  bool monitor = true;

  /// As Connector::onEvent(), but set in time for the first event.
  std::function<void(const SocketEvent&)> onEvent;

  Attach attach = Attach::automatic;

  /// What statistics() calls it.
  std::string name;

  /// Null: the one that all sockets of the process share.
  std::shared_ptr<Context> context;

  /// Keys for this socket, in place of those that secure() has set for all. Keys::none(): it is not secured, and the log says so.
  /// Null: as all. Over inproc, sockets with keys and sockets without meet only if you give them the same context.
  std::shared_ptr<Keys> keys;

  /// As Connector::onlyFor(), from the first moment. Empty: whoever may connect.
  std::string onlyFor;

  /// Whose key is expected where it connects: the name of a file in `servers`, without `.key`; or the key itself. Both empty: the
  /// key of that host and port if it is known, else any key in `servers`.
  std::string host;
  std::string hostKey;

  /// Called with the native socket once all options are set, before it binds or connects. For options that are not
  /// here. ZMQ_CONFLATE throws std::errc::invalid_argument: it loses subscriptions and frames. A
  /// Subscriber that wants the newest message alone has messaging::SubscriberOptions::latest.
  std::function<void(void*)> configure;
};

}  // namespace dividere::connection
