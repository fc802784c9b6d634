#pragma once

#include <string>

#include "../connection/response.hpp"
#include "../core/timeout.hpp"
#include "socket.hpp"

namespace dividere::messaging {

/// connection::Response for protobuf messages.
///
/// Where receiving throws, the request is malformed or of a type that is not taken. It may be replied to all the same, with
/// send(). If it is not, the requester is sent a DividereError when the next request is waited for.
class Response : public Consumer<connection::Response> {
 public:
  explicit Response(const std::string& endpoint, const connection::SocketOptions& options = {});

  /// Throws as connection::Response and ProtoBuffEncoder::encode.
  void send(const google::protobuf::Message& message);

  /// False if it could not be handed on in time; then nothing was sent.
  bool send(const google::protobuf::Message& message, Timeout timeout);
  bool send(const google::protobuf::Message& message, Timeout timeout, const Interrupt& interrupt);
};

}  // namespace dividere::messaging
