#pragma once

// What every ROUTER of this library is set to.

#include <cstdint>
#include <memory>
#include <string_view>

#include "socket.hpp"

namespace dividere::detail {

/// Who is gone or has no room is known when something is sent to them (SendResult), not dropped in silence; a peer that
/// connects again is not ignored for its former connection. Before the socket is bound.
void setUpRouter(Socket& socket);

/// Such a ROUTER, bound to this TCP port of every interface; 0: a free one. Those who connect see this routing id.
std::unique_ptr<Socket> makeRouter(const char* who, std::uint16_t port, const connection::SocketOptions& options,
                                   std::string_view routingId = {});

}  // namespace dividere::detail
