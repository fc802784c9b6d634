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

/// The frames in front of a message: the way it came, and the way back for its answer. Opaque: hand them back.
using Route = std::vector<std::string>;

/// A message and its route, which is empty if it came without one.
struct Routed {
  Route route;
  std::string body;
};

/// Request or Response without the strict alternation (seeds: connection.Dealer): any number of messages may be
/// under way in either direction.
///
/// Binds each endpoint with `*` in it, connects to each other one (WIRE.md; SocketOptions::attach says otherwise).
/// What is sent goes to the peers in turn, those found dead passed over while another is up (but what was sent while none
/// was is kept for whom it fell to, who are then not passed over before all have been there). Its routing id is a
/// fresh random UUID.
class Dealer : public Connector {
 public:
  explicit Dealer(const std::string& endpoint, const SocketOptions& options = {});
  explicit Dealer(const std::vector<std::string>& endpoints, const SocketOptions& options = {});
  explicit Dealer(std::initializer_list<std::string> endpoints, const SocketOptions& options = {});
  Dealer(Dealer&&) noexcept = default;
  Dealer& operator=(Dealer&&) noexcept = default;

  /// Blocks while every queue is full, or when bound with no peer.
  void send(std::string_view bytes);

  /// To whoever is at the end of this route: the answer to a message that came with it.
  void send(const Route& route, std::string_view bytes);

  /// To a Response, which expects an empty frame first.
  void sendWithEmptyFrame(std::string_view bytes);

  /// As above; false if it could not be handed on in time.
  bool send(std::string_view bytes, std::chrono::milliseconds timeout);
  bool send(const Route& route, std::string_view bytes, std::chrono::milliseconds timeout);

  /// The next message. Throws Error{malformed} for one of more than 64 frames; the next one is fine again.
  Routed recv();

  /// The next message, or nothing if none came in time.
  std::optional<Routed> recv(std::chrono::milliseconds timeout);

  /// Whether a message is there, waiting for one until the time-out.
  bool wait(std::chrono::milliseconds timeout);

 private:
  friend struct detail::Access;

  bool sendFrame(const Route& route, detail::Frame& frame, const std::chrono::milliseconds* timeout);
  const detail::Frame* receiveFrame(Route* route, const std::chrono::milliseconds* timeout);
};

}  // namespace dividere::connection
