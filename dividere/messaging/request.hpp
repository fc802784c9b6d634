#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "../connection/request.hpp"
#include "../core/timeout.hpp"
#include "socket.hpp"

namespace dividere::messaging {

/// connection::Request for protobuf messages.
class Request : public Consumer<connection::Request> {
 public:
  explicit Request(const std::string& endpoint, const connection::SocketOptions& options = {});
  explicit Request(const std::vector<std::string>& endpoints, const connection::SocketOptions& options = {});
  explicit Request(std::initializer_list<std::string> endpoints, const connection::SocketOptions& options = {});

  /// Throws as connection::Request and ProtoBuffEncoder::encode.
  void send(const google::protobuf::Message& message);

  /// False if it could not be handed on in time; then nothing was sent.
  bool send(const google::protobuf::Message& message, Timeout timeout);
  bool send(const google::protobuf::Message& message, Timeout timeout, const Interrupt& interrupt);
};

}  // namespace dividere::messaging
