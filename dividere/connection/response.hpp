#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "../core/detail/hidden.hpp"
#include "connector.hpp"

namespace dividere::detail {
class Frame;
}

namespace dividere::connection {

/// The answering half of a request/response pair (seeds: connection.Response).
///
/// Binds a tcp endpoint with `*` in it and any ipc or inproc endpoint; connects to another tcp endpoint, such as
/// a Proxy's back end (WIRE.md). SocketOptions::attach says otherwise.
///
/// Requests and replies alternate; whoever asked gets the reply.
class Response : public Connector {
 public:
  explicit Response(const std::string& endpoint, const SocketOptions& options = {});
  Response(Response&&) noexcept;
  Response& operator=(Response&&) noexcept;
  ~Response();

  /// Throws Error{outOfTurn} if no request is waiting for a reply. A reply to one who is gone is dropped.
  void send(std::string_view bytes);

  /// False if it could not be handed on in time.
  bool send(std::string_view bytes, std::chrono::milliseconds timeout);

  /// The next request. Throws Error{outOfTurn} while a reply is owed to the former one, and Error{malformed} for
  /// a request of several frames, which may be answered or not: the next one is fine again.
  std::string recv();

  /// The next request, or nothing if none came in time.
  std::optional<std::string> recv(std::chrono::milliseconds timeout);

  /// Whether a request is there, waiting for one until the time-out; false at once while a reply is owed.
  bool wait(std::chrono::milliseconds timeout);

 private:
  friend struct detail::Access;

  bool sendFrame(detail::Frame& frame, const std::chrono::milliseconds* timeout);
  const detail::Frame* receiveFrame(const std::chrono::milliseconds* timeout);
  void refuse(detail::Frame&& answer);
  void answerRefused();

  bool owes_ = false;
  detail::Hidden<detail::Frame> refusal_;
};

}  // namespace dividere::connection
