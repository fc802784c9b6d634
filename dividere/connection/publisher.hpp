#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "../core/detail/hidden.hpp"
#include "../core/interrupt.hpp"
#include "../core/timeout.hpp"
#include "connector.hpp"

namespace dividere::detail {
class Frame;
struct Audience;
}  // namespace dividere::detail

namespace dividere::connection {

/// The sending half of publish/subscribe. Any number of Subscribers receive what they subscribed to; the Publisher does
/// not know them. Binds.
///
/// A message reaches the peers whose subscription the Publisher has read by then. waitForSubscribers() waits for that,
/// so nobody needs to sleep before the first send. A message without a subscriber is gone, as in ZeroMQ. A subscriber
/// that does not keep up loses messages once SocketOptions::sendQueue is full: this is counted (dropped()) and logged.
/// With SocketOptions::waitWhenFull send() waits instead.
///
/// A peer that subscribes to a topic of more than 4 KiB, or to more than 4 MiB of topics, is disconnected, and the log says so.
class Publisher : public Connector {
 public:
  explicit Publisher(const std::string& endpoint, const SocketOptions& options = {});
  Publisher(Publisher&&) noexcept;
  Publisher& operator=(Publisher&&) noexcept;
  ~Publisher();

  /// Never blocks, unless SocketOptions::waitWhenFull.
  void send(std::string_view bytes);

  /// False if there was no room in time, which happens only with SocketOptions::waitWhenFull; then nobody gets it.
  bool send(std::string_view bytes, Timeout timeout);
  bool send(std::string_view bytes, Timeout timeout, const Interrupt& interrupt);  ///< raised: as at the time-out

  /// Waits until at least `n` subscribers are there; false if they were not in time. After true, the next message
  /// reaches each of them that subscribed to it and lives: every topic they had when they connected is in force.
  /// Dividere Subscribers behind a forwarder are counted one by one.
  bool waitForSubscribers(std::size_t n, Timeout timeout);
  bool waitForSubscribers(std::size_t n, Timeout timeout, const Interrupt& interrupt);

  /// As Connector's.
  int descriptor() const;

  /// Peers with at least one subscription now.
  std::size_t subscribers() const;

  /// Subscribers that have come so far, including those gone since. One that reconnects counts again.
  std::uint64_t arrivals() const;

  /// Messages that send() found a full queue for. This is less than what subscribers missed: once a queue is full,
  /// ZeroMQ tells of the first message it drops and is silent about the following ones until the queue has drained.
  std::uint64_t dropped() const;

 private:
  friend struct detail::Access;

  bool awaitSubscribers(std::size_t n, const Timeout& timeout, const Interrupt* interrupt);
  bool sendFrame(detail::Frame& frame, const Timeout* timeout, const Interrupt* interrupt = nullptr);

  Publisher(std::unique_ptr<detail::Audience> audience, const std::string& endpoint, const SocketOptions& options);

  detail::Hidden<detail::Audience> audience_;
};

}  // namespace dividere::connection
