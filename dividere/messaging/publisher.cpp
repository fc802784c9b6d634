#include "publisher.hpp"

#include "../connection/detail/access.hpp"
#include "detail/codec.hpp"

namespace dividere::messaging {

Publisher::Publisher(const std::string& endpoint, const connection::SocketOptions& options)
    : Socket(connection::Publisher(endpoint, options)) {}

void Publisher::send(const google::protobuf::Message& message) {
  detail::Frame frame = detail::encodeFrame("messaging::Publisher", message);
  detail::Access::send(connection_, frame, nullptr);
}

bool Publisher::send(const google::protobuf::Message& message, std::chrono::milliseconds timeout) {
  detail::Frame frame = detail::encodeFrame("messaging::Publisher", message);
  return detail::Access::send(connection_, frame, &timeout);
}

}  // namespace dividere::messaging
