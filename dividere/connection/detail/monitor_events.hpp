#pragma once

// What libzmq reports of a socket.

#include <string>

#include "../socket_event.hpp"

namespace dividere::detail {

/// The events of one socket, read from libzmq's monitor (zmq_socket_monitor(3)). One thread at a time, which need not be the
/// socket's.
class MonitorEvents {
 public:
  /// Starts monitoring: before the socket binds or connects, as events before that are lost. Throws Error with nothing left
  /// open; `who` names the socket in it.
  MonitorEvents(void* context, void* socket, const std::string& who);

  /// After stop(), or once the socket has been closed.
  ~MonitorEvents();
  MonitorEvents(const MonitorEvents&) = delete;
  MonitorEvents& operator=(const MonitorEvents&) = delete;

  /// Ends the monitoring of a socket that is still open. Call it in the socket's thread, and while the MonitorEvents lives:
  /// without a reader it hangs.
  static void stop(void* socket) noexcept;

  enum class Reading {
    event,
    nothing,     // at the moment
    contextEnds  // whoever ends the context waits for this to be destroyed
  };
  Reading read(connection::SocketEvent& event);

  /// Readable when read() may have something. It tells of new events only: read until there is nothing before waiting.
  int descriptor() const noexcept { return descriptor_; }

 private:
  bool open(void* context, void* socket);
  void close() noexcept;

  void* reader_ = nullptr;
  int descriptor_ = -1;
};

}  // namespace dividere::detail
