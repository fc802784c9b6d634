#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "../connection/publisher.hpp"
#include "socket.hpp"

namespace dividere::messaging {

/// connection::Publisher for protobuf messages (seeds: messaging.Publisher).
class Publisher : public Socket<connection::Publisher> {
 public:
  explicit Publisher(const std::string& endpoint, const connection::SocketOptions& options = {});

  /// Throws as ProtoBuffEncoder::encode, and Error{tooLarge} beyond SocketOptions::maxMessageBytes.
  void send(const google::protobuf::Message& message);

  /// As connection::Publisher: false only with SocketOptions::waitWhenFull.
  bool send(const google::protobuf::Message& message, std::chrono::milliseconds timeout);

  bool waitForSubscribers(std::size_t n, std::chrono::milliseconds timeout) {
    return connection_.waitForSubscribers(n, timeout);
  }
  std::size_t subscribers() const { return connection_.subscribers(); }
  std::uint64_t dropped() const { return connection_.dropped(); }
};

}  // namespace dividere::messaging
