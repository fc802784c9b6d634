#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "../core/detail/hidden.hpp"
#include "../core/interrupt.hpp"
#include "../core/timeout.hpp"
#include "connector.hpp"

namespace dividere::detail {
class Frame;
}

namespace dividere::connection {

/// The replying half of a request/response pair.
///
/// Binds a tcp endpoint with a `*` in it, or whose host is 0.0.0.0 or [::], and any ipc or inproc endpoint. Connects to any
/// other tcp endpoint, such as a Proxy's back end (doc/wire.md), and warns in the log if nobody listens there.
/// SocketOptions::attach overrides that.
///
/// Requests and replies alternate. The reply goes to the client that asked.
class Response : public Connector {
 public:
  explicit Response(const std::string& endpoint, const SocketOptions& options = {});
  Response(Response&&) noexcept;
  Response& operator=(Response&&) noexcept;
  ~Response();

  /// Throws Error{outOfTurn} if no request is waiting for a reply. A reply to a client that is gone is dropped.
  void send(std::string_view bytes);

  /// False if there was no room in time.
  bool send(std::string_view bytes, Timeout timeout);
  bool send(std::string_view bytes, Timeout timeout, const Interrupt& interrupt);  ///< raised: as at the time-out

  /// The next request, however long it takes. Throws Error{outOfTurn} while a reply to the former one is owed.
  /// Throws Error{malformed} for a request of several frames; you may reply to it, but need not.
  std::string recv();

  /// The next request, or nothing if none came in time.
  std::optional<std::string> recv(Timeout timeout);

  /// Waits until a request is there; false if none came in time, and at once while a reply is owed.
  bool wait(Timeout timeout);

  /// As recv(timeout) and wait(timeout) at their time-out once this is raised.
  std::optional<std::string> recv(Timeout timeout, const Interrupt& interrupt);
  bool wait(Timeout timeout, const Interrupt& interrupt);

 private:
  friend struct detail::Access;

  bool sendFrame(detail::Frame& frame, const Timeout* timeout, const Interrupt* interrupt = nullptr);
  const detail::Frame* receiveFrame(const Timeout* timeout, const Interrupt* interrupt = nullptr);
  bool awaitMessage(const Timeout& timeout, const Interrupt* interrupt);
  void refuse(detail::Frame&& reply);
  void sendRefusal();

  bool owes_ = false;
  detail::Hidden<detail::Frame> refusal_;
};

}  // namespace dividere::connection
