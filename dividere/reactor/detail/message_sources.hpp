#pragma once

// The messaging sockets as sources: each message goes to its handler, which may reply by the same socket.

#include <memory>

#include "../../messaging/dealer.hpp"
#include "../../messaging/request.hpp"
#include "../../messaging/response.hpp"
#include "../../messaging/subscriber.hpp"
#include "handler_table.hpp"
#include "source.hpp"

namespace dividere::detail {

/// Takes the socket over; the handlers outlive the source.
std::unique_ptr<Source> makeSource(messaging::Subscriber&& socket, HandlerTable& handlers);
std::unique_ptr<Source> makeSource(messaging::Request&& socket, HandlerTable& handlers);
std::unique_ptr<Source> makeSource(messaging::Response&& socket, HandlerTable& handlers);
std::unique_ptr<Source> makeSource(messaging::Dealer&& socket, HandlerTable& handlers);

}  // namespace dividere::detail
