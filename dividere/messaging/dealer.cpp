#include "dealer.hpp"

#include <google/protobuf/message.h>

#include <utility>

#include "../connection/detail/access.hpp"
#include "../connection/detail/socket.hpp"
#include "../core/detail/never_destroyed.hpp"
#include "detail/codec.hpp"

namespace dividere::detail {

constexpr std::string_view kDealerSends = "messaging::Dealer";
constexpr std::string_view kDealerReceives = "messaging::Dealer: receive";

/// Calls `decode`; what it throws is given the route of the message that was received last. The route is not taken before:
/// who asks for a type does not pay for it.
template <class Decode>
static void decodeRouted(const connection::Dealer& dealer, const Decode& decode) {
  try {
    decode();
  } catch (const Error& error) {
    connection::Route route;
    Access::socketOf(dealer).inbox().copyRouteTo(route);
    throw messaging::Dealer::RoutedError(error, std::move(route));
  }
}

}  // namespace dividere::detail

namespace dividere::messaging {

Dealer::RoutedError::RoutedError(const Error& error, connection::Route route)
    : Error(error), route_(std::make_shared<const connection::Route>(std::move(route))) {}

Dealer::Dealer(const std::string& endpoint, const connection::SocketOptions& options)
    : Socket(connection::Dealer(endpoint, options)) {}

Dealer::Dealer(const std::vector<std::string>& endpoints, const connection::SocketOptions& options)
    : Socket(connection::Dealer(endpoints, options)) {}

Dealer::Dealer(std::initializer_list<std::string> endpoints, const connection::SocketOptions& options)
    : Socket(connection::Dealer(endpoints, options)) {}

void Dealer::send(const google::protobuf::Message& message) { send(connection::Route(), message); }

void Dealer::send(const connection::Route& route, const google::protobuf::Message& message) {
  detail::Frame frame = detail::encodeFrame(detail::kDealerSends, message);
  detail::Access::send(connection_, route, frame, nullptr);
}

void Dealer::sendWithEmptyFrame(const google::protobuf::Message& message) {
  static detail::NeverDestroyed<connection::Route> empty(std::size_t{1});  // a route of one empty frame
  send(*empty, message);
}

bool Dealer::send(const google::protobuf::Message& message, Timeout timeout) {
  return send(connection::Route(), message, timeout);
}

bool Dealer::send(const connection::Route& route, const google::protobuf::Message& message, Timeout timeout) {
  detail::Frame frame = detail::encodeFrame(detail::kDealerSends, message);
  return detail::Access::send(connection_, route, frame, &timeout);
}

bool Dealer::send(const google::protobuf::Message& message, Timeout timeout, const Interrupt& interrupt) {
  return send(connection::Route(), message, timeout, interrupt);
}

bool Dealer::send(const connection::Route& route, const google::protobuf::Message& message, Timeout timeout,
                  const Interrupt& interrupt) {
  detail::Frame frame = detail::encodeFrame(detail::kDealerSends, message);
  return detail::Access::send(connection_, route, frame, &timeout, &interrupt);
}

Dealer::Routed Dealer::recv() { return *receive(nullptr); }

std::optional<Dealer::Routed> Dealer::recv(Timeout timeout) { return receive(&timeout); }

std::optional<Dealer::Routed> Dealer::recv(Timeout timeout, const Interrupt& interrupt) {
  return receive(&timeout, &interrupt);
}

std::optional<Dealer::Routed> Dealer::receive(const Timeout* timeout, const Interrupt* interrupt) {
  Routed message;
  const detail::Frame* frame = detail::Access::receive(connection_, &message.route, timeout, interrupt);
  if (!frame) return std::nullopt;
  detail::decodeRouted(connection_,
                       [&] { message.body = detail::decodeEnvelope(detail::kDealerReceives, frame->view()); });
  return message;
}

bool Dealer::receiveInto(google::protobuf::Message& message, const Timeout* timeout, const Interrupt* interrupt) {
  const detail::Frame* frame = detail::Access::receive(connection_, nullptr, timeout, interrupt);
  if (!frame) return false;
  detail::decodeRouted(connection_,
                       [&] { detail::decodeEnvelopeInto(detail::kDealerReceives, frame->view(), message); });
  return true;
}

}  // namespace dividere::messaging
