#pragma once

#include <cstdint>

namespace dividere::connection {

/// Hands out free TCP ports of this host. Any thread.
///
/// A port is held until release() or the end of the process. Meanwhile no thread and no process that uses this library
/// is given the same one. A socket of this library, or of ZeroMQ, can bind it at once.
///
/// Ports come from outside the system's range for outgoing connections, where a client that retries a dead port may
/// one day connect to itself. Nor are they from 5000 to 6000, which the registry and its services use.
///
/// Not promised: a program without this library that binds the very number with SO_REUSEADDR cannot be kept out.
struct PortManager {
  /// Throws Error{noFreePort} if there is none, or the system's error if descriptors run out: each held port takes
  /// two.
  static std::uint16_t acquire();

  /// Gives a port back. Does nothing if the port is not held.
  static void release(std::uint16_t port);
};

}  // namespace dividere::connection
