#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../core/interrupt.hpp"
#include "../core/timeout.hpp"
#include "connector.hpp"

namespace dividere::detail {
class Frame;
}

namespace dividere::connection {

/// The asking half of a request/response pair. Connects.
///
/// Requests and replies alternate. With several endpoints, requests go to them in turn, in the order of the list. An
/// endpoint found dead is passed over while another is up. Nothing is resent if a peer dies; balancing::Client does
/// that.
///
/// A missing reply does not block the socket: once recv(timeout) or wait(timeout) came back empty, the next request may
/// be sent. A late reply to the former request is never taken for the reply to the next.
class Request : public Connector {
 public:
  explicit Request(const std::string& endpoint, const SocketOptions& options = {});
  explicit Request(const std::vector<std::string>& endpoints, const SocketOptions& options = {});
  explicit Request(std::initializer_list<std::string> endpoints, const SocketOptions& options = {});
  Request(Request&&) noexcept = default;
  Request& operator=(Request&&) noexcept = default;

  /// Throws Error{outOfTurn} while a reply is still owed, Error{unauthorized} as recv(). With one endpoint it returns at once even
  /// if no peer is there yet: the request waits for one.
  void send(std::string_view bytes);

  /// False if there was no room in time.
  bool send(std::string_view bytes, Timeout timeout);
  bool send(std::string_view bytes, Timeout timeout, const Interrupt& interrupt);  ///< raised: as at the time-out

  /// The reply, however long it takes. Throws Error{outOfTurn} if nothing was asked. Throws Error{unauthorized}, as does each wait
  /// for the reply, if no host lets this program in or has the key that it should have (dividere::secure): send again once that is
  /// mended.
  std::string recv();

  /// The reply, or nothing if none came in time. Then either wait again or send the next request.
  std::optional<std::string> recv(Timeout timeout);

  /// Waits until the reply is there; false if it did not come in time, and at once if nothing was asked.
  bool wait(Timeout timeout);

  /// As recv(timeout) and wait(timeout) at their time-out once this is raised.
  std::optional<std::string> recv(Timeout timeout, const Interrupt& interrupt);
  bool wait(Timeout timeout, const Interrupt& interrupt);

  /// Whether the last request may still get its reply.
  bool awaitsReply() const noexcept { return turn_ != Turn::send; }

 private:
  friend struct detail::Access;

  bool sendFrame(detail::Frame& frame, const Timeout* timeout, const Interrupt* interrupt = nullptr);
  const detail::Frame* receiveFrame(const Timeout* timeout, const Interrupt* interrupt = nullptr);
  bool awaitMessage(const Timeout& timeout, const Interrupt* interrupt);

  enum class Turn { send, receive, either };
  Turn turn_ = Turn::send;
};

}  // namespace dividere::connection
