#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connector.hpp"

namespace dividere::detail {
class Frame;
}

namespace dividere::connection {

/// The asking half of a request/response pair (seeds: connection.Request). Connects.
///
/// Requests and replies alternate. Given several endpoints, requests go to them in turn, in the order of the
/// list; endpoints that are found dead are passed over while another is up. Nothing is resent if one dies
/// (balancing::Client does that).
///
/// A reply that does not come is no dead end: once recv(timeout) or wait(timeout) came back empty, the next
/// request may be sent, and a late reply to the former one is never taken for its answer.
class Request : public Connector {
 public:
  explicit Request(const std::string& endpoint, const SocketOptions& options = {});
  explicit Request(const std::vector<std::string>& endpoints, const SocketOptions& options = {});
  explicit Request(std::initializer_list<std::string> endpoints, const SocketOptions& options = {});
  Request(Request&&) noexcept = default;
  Request& operator=(Request&&) noexcept = default;

  /// Throws Error{outOfTurn} while a reply is still owed. With one endpoint it returns at once, also if nobody
  /// is there yet: the request waits for them.
  void send(std::string_view bytes);

  /// False if it could not be handed on in time.
  bool send(std::string_view bytes, std::chrono::milliseconds timeout);

  /// The reply. Throws Error{outOfTurn} if nothing was asked.
  std::string recv();

  /// The reply, or nothing if none came in time; then either wait again or send the next request.
  std::optional<std::string> recv(std::chrono::milliseconds timeout);

  /// Whether the reply is there, waiting for it until the time-out; false at once if nothing was asked.
  bool wait(std::chrono::milliseconds timeout);

  /// Whether a reply may still come to what was asked.
  bool awaitsReply() const noexcept { return turn_ != Turn::send; }

 private:
  friend struct detail::Access;

  bool sendFrame(detail::Frame& frame, const std::chrono::milliseconds* timeout);
  const detail::Frame* receiveFrame(const std::chrono::milliseconds* timeout);

  enum class Turn { send, receive, either };
  Turn turn_ = Turn::send;
};

}  // namespace dividere::connection
