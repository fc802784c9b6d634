#include "request.hpp"

#include "../connection/detail/access.hpp"
#include "detail/codec.hpp"

namespace dividere::messaging {

Request::Request(const std::string& endpoint, const connection::SocketOptions& options)
    : Consumer(connection::Request(endpoint, options)) {}

Request::Request(const std::vector<std::string>& endpoints, const connection::SocketOptions& options)
    : Consumer(connection::Request(endpoints, options)) {}

Request::Request(std::initializer_list<std::string> endpoints, const connection::SocketOptions& options)
    : Consumer(connection::Request(endpoints, options)) {}

void Request::send(const google::protobuf::Message& message) {
  detail::Frame frame = detail::encodeFrame("messaging::Request", message);
  detail::Access::send(connection_, frame, nullptr);
}

bool Request::send(const google::protobuf::Message& message, Timeout timeout) {
  detail::Frame frame = detail::encodeFrame("messaging::Request", message);
  return detail::Access::send(connection_, frame, &timeout);
}

bool Request::send(const google::protobuf::Message& message, Timeout timeout, const Interrupt& interrupt) {
  detail::Frame frame = detail::encodeFrame("messaging::Request", message);
  return detail::Access::send(connection_, frame, &timeout, &interrupt);
}

}  // namespace dividere::messaging
