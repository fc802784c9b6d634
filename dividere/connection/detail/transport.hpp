#pragma once

// One transport connection of libzmq, known by its descriptor.

#include <string>
#include <string_view>

namespace dividere::detail {

// libzmq closes descriptors when it likes, and the system gives their numbers to others. So each of these makes sure first that
// the descriptor is what it is taken for, as far as that can be seen.

/// Where the peer is that a listener at `endpoint` has accepted, as in "tcp://10.0.0.7:41234"; nothing if it is gone, or has no
/// address (as over ipc).
std::string acceptedFrom(int descriptor, std::string_view endpoint);

/// Ends a connection of a socket that is bound, or connected, to `endpoint`.
void cut(int descriptor, std::string_view endpoint);

/// Ends a connection whose both ends are the same socket. A client that retries a dead port of its own machine, inside the range
/// for outgoing connections, can be given that very port and meet itself; a Dealer would then receive what it sent.
void cutIfConnectedToItself(int descriptor);

}  // namespace dividere::detail
