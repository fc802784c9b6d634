#pragma once

#include <string>

#include "../connection/response.hpp"
#include "../core/timeout.hpp"
#include "socket.hpp"

namespace dividere::messaging {

/// connection::Response for protobuf messages.
///
/// If receiving throws, the request is malformed or of a type that is not taken. You may still reply to it with send(). If you do
/// not, the client gets a DividereError when you wait for the next request.
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
