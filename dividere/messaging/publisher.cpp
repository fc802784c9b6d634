#include "publisher.hpp"

#include "detail/codec.hpp"

namespace dividere::messaging {

Publisher::Publisher(const std::string& endpoint, const connection::SocketOptions& options)
    : Socket(connection::Publisher(endpoint, options)) {}

void Publisher::send(const google::protobuf::Message& message) {
  detail::Frame frame = detail::encodeFrame("messaging::Publisher", message);
  connection_.sendFrame(frame, nullptr);
}

bool Publisher::send(const google::protobuf::Message& message, std::chrono::milliseconds timeout) {
  detail::Frame frame = detail::encodeFrame("messaging::Publisher", message);
  return connection_.sendFrame(frame, &timeout);
}

}  // namespace dividere::messaging
