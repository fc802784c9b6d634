#pragma once

// The options that each socket gets.

#include <chrono>

#include "../socket_options.hpp"
#include "native_socket.hpp"

namespace dividere::detail {

/// A time as libzmq takes it: -1 for one without bound.
int asOption(std::chrono::milliseconds time);

/// How long a closed socket of this type goes on to send: a second, if the options do not say.
std::chrono::milliseconds lingerOf(int type, const connection::SocketOptions& options);

void applyDefaults(NativeSocket& socket, int type, const connection::SocketOptions& options);

/// Throws std::errc::invalid_argument if a hook has set ZMQ_CONFLATE: a queue of one frame, which keeps the last of several
/// subscriptions alone, and the last frame of a message. Sockets that are neither Subscribers nor Dealers ignore it.
void refuseConflation(NativeSocket& socket, int type);

}  // namespace dividere::detail
