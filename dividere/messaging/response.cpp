#include "response.hpp"

#include "detail/codec.hpp"

namespace dividere::messaging {

Response::Response(const std::string& endpoint, const connection::SocketOptions& options)
    : Consumer(connection::Response(endpoint, options)) {}

void Response::send(const google::protobuf::Message& message) {
  detail::Frame frame = detail::encodeFrame("messaging::Response", message);
  connection_.sendFrame(frame, nullptr);
}

bool Response::send(const google::protobuf::Message& message, std::chrono::milliseconds timeout) {
  detail::Frame frame = detail::encodeFrame("messaging::Response", message);
  return connection_.sendFrame(frame, &timeout);
}

}  // namespace dividere::messaging
