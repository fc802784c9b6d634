#pragma once

#include <string>

#include "../connection/response.hpp"
#include "../core/timeout.hpp"
#include "socket.hpp"

namespace dividere::messaging {

/// connection::Response for protobuf messages.
///
/// A request that receiving throws for (malformed, of an unknown or a wrong type) may be answered by send(); if
/// it is not, whoever asked is sent a DividereError when the next request is waited for.
class Response : public Consumer<connection::Response> {
 public:
  explicit Response(const std::string& endpoint, const connection::SocketOptions& options = {});

  /// Throws as connection::Response and ProtoBuffEncoder::encode.
  void send(const google::protobuf::Message& message);

  /// False if it could not be handed on in time.
  bool send(const google::protobuf::Message& message, Timeout timeout);
};

}  // namespace dividere::messaging
