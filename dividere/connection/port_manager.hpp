#pragma once

#include <cstdint>

namespace dividere::connection {

/// Hands out free TCP ports of this machine (seeds: connection.PortManager). Any thread.
///
/// A port stays held until release() or the end of the process, and is never handed out twice meanwhile, to
/// no other thread and no other process that uses this library; a socket of this library (or of ZeroMQ) can bind
/// it at once. Ports come from outside the system's range for outgoing connections (a client that retries a
/// dead port inside that range may one day connect to itself), and not from 5000 to 6000, where the registry and
/// its services live.
///
/// A program that does not use this library and binds that very number with SO_REUSEADDR cannot be kept out.
struct PortManager {
  /// Throws Error{noFreePort} if there is none, or the system's error if descriptors run out (each held port
  /// takes two).
  static std::uint16_t acquire();

  /// Gives a port back; one that is not held changes nothing.
  static void release(std::uint16_t port);
};

}  // namespace dividere::connection
