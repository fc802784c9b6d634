#include "response.hpp"

#include "../connection/detail/access.hpp"
#include "detail/codec.hpp"

namespace dividere::messaging {

Response::Response(const std::string& endpoint, const connection::SocketOptions& options)
    : Consumer(connection::Response(endpoint, options)) {}

void Response::send(const google::protobuf::Message& message) {
  detail::Frame frame = detail::encodeFrame("messaging::Response", message);
  detail::Access::send(connection_, frame, nullptr);
}

bool Response::send(const google::protobuf::Message& message, Timeout timeout) {
  detail::Frame frame = detail::encodeFrame("messaging::Response", message);
  return detail::Access::send(connection_, frame, &timeout);
}

bool Response::send(const google::protobuf::Message& message, Timeout timeout, const Interrupt& interrupt) {
  detail::Frame frame = detail::encodeFrame("messaging::Response", message);
  return detail::Access::send(connection_, frame, &timeout, &interrupt);
}

}  // namespace dividere::messaging
