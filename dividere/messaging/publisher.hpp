#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "../connection/publisher.hpp"
#include "../core/detail/hidden.hpp"
#include "../core/timeout.hpp"
#include "socket.hpp"
#include "topic.hpp"

namespace dividere::detail {
struct Numbering;
}

namespace dividere::messaging {

struct PublisherOptions {
  connection::SocketOptions socket;
};

/// connection::Publisher for protobuf messages, which it numbers: a Subscriber knows what it missed.
///
/// It warns, in the log, of a subscriber that asks for one of its types by a name that matches nothing: the short name, say,
/// of a packaged type.
class Publisher : public Socket<connection::Publisher> {
 public:
  explicit Publisher(const std::string& endpoint, const connection::SocketOptions& options = {});
  explicit Publisher(const std::string& endpoint, const PublisherOptions& options);
  Publisher(Publisher&&) noexcept;
  Publisher& operator=(Publisher&&) noexcept;
  ~Publisher();

  /// Throws as ProtoBuffEncoder::encode, and Error{tooLarge} beyond SocketOptions::maxMessageBytes.
  void send(const google::protobuf::Message& message);

  /// About this topic. Subscribers to the type alone get it, too. A counter is kept for each type and topic as long as the
  /// Publisher lives. Throws Error{tooLarge} for a topic of more than 1 KiB.
  void send(const google::protobuf::Message& message, const Topic& topic);

  /// False if there was no room in time, which happens only with SocketOptions::waitWhenFull.
  bool send(const google::protobuf::Message& message, Timeout timeout);
  bool send(const google::protobuf::Message& message, const Topic& topic, Timeout timeout);

  bool waitForSubscribers(std::size_t n, Timeout timeout) { return connection_.waitForSubscribers(n, timeout); }
  std::size_t subscribers() const { return connection_.subscribers(); }
  std::uint64_t arrivals() const { return connection_.arrivals(); }
  std::uint64_t dropped() const { return connection_.dropped(); }

 private:
  bool send(const google::protobuf::Message& message, const Topic& topic, const Timeout* timeout);

  detail::Hidden<detail::Numbering> numbering_;
};

}  // namespace dividere::messaging
