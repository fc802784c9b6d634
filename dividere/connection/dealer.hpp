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

/// The frames in front of a message: the way it came, and the way back for its reply. Opaque: hand them back as they are.
using Route = std::vector<std::string>;

/// A message and its route. The route is empty if the message came without one.
struct Routed {
  Route route;
  std::string body;
};

/// A Request or Response without the strict alternation: any number of messages may be in flight in either direction.
///
/// Binds each endpoint with a `*` in it, or whose host is 0.0.0.0 or [::], and connects to each other one (doc/wire.md);
/// SocketOptions::attach overrides that. Its routing id is a new random UUID.
///
/// Messages go to the peers in turn. A peer found dead is passed over while another is up. But messages sent while no
/// peer was up stay with the peers they were dealt to, and no peer is passed over until all of those have been up.
class Dealer : public Connector {
 public:
  explicit Dealer(const std::string& endpoint, const SocketOptions& options = {});
  explicit Dealer(const std::vector<std::string>& endpoints, const SocketOptions& options = {});
  explicit Dealer(std::initializer_list<std::string> endpoints, const SocketOptions& options = {});
  Dealer(Dealer&&) noexcept = default;
  Dealer& operator=(Dealer&&) noexcept = default;

  /// Blocks while every queue is full, or when bound with no peer.
  void send(std::string_view bytes);

  /// Sends along this route: the reply to a message that came with it.
  void send(const Route& route, std::string_view bytes);

  /// Sends an empty frame first, which a Response expects.
  void sendWithEmptyFrame(std::string_view bytes);

  /// As above; false if there was no room in time.
  bool send(std::string_view bytes, Timeout timeout);
  bool send(const Route& route, std::string_view bytes, Timeout timeout);
  bool send(std::string_view bytes, Timeout timeout, const Interrupt& interrupt);  ///< raised: as at the time-out
  bool send(const Route& route, std::string_view bytes, Timeout timeout, const Interrupt& interrupt);

  /// The next message, however long it takes. Throws Error{malformed} for one of more than 64 frames and drops it.
  Routed recv();

  /// The next message, or nothing if none came in time.
  std::optional<Routed> recv(Timeout timeout);

  /// Waits until a message is there; false if none came in time.
  bool wait(Timeout timeout);

  /// As recv(timeout) and wait(timeout) at their time-out once this is raised.
  std::optional<Routed> recv(Timeout timeout, const Interrupt& interrupt);
  bool wait(Timeout timeout, const Interrupt& interrupt);

 private:
  friend struct detail::Access;

  bool sendFrame(const Route& route, detail::Frame& frame, const Timeout* timeout,
                 const Interrupt* interrupt = nullptr);
  const detail::Frame* receiveFrame(Route* route, const Timeout* timeout, const Interrupt* interrupt = nullptr);
  std::optional<Routed> receive(const Timeout* timeout, const Interrupt* interrupt);
  bool awaitMessage(const Timeout& timeout, const Interrupt* interrupt);
};

}  // namespace dividere::connection
