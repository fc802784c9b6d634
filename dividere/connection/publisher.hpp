#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "../core/detail/hidden.hpp"
#include "connector.hpp"

namespace dividere::detail {
class Frame;
struct Audience;
}  // namespace dividere::detail

namespace dividere::connection {

/// The sending half of publish/subscribe: any number of Subscribers receive what they subscribed to, without
/// the Publisher knowing them (seeds: connection.Publisher). Binds.
///
/// A message reaches the peers whose subscription the Publisher has read when it is sent; waitForSubscribers()
/// waits for that, so nobody needs to sleep before a first send. What is sent with no subscriber is gone, as in
/// ZeroMQ. One that cannot keep up loses messages beyond SocketOptions::sendQueue: that is counted (dropped())
/// and logged; SocketOptions::waitWhenFull makes send() wait instead.
class Publisher : public Connector {
 public:
  explicit Publisher(const std::string& endpoint, const SocketOptions& options = {});
  Publisher(Publisher&&) noexcept;
  Publisher& operator=(Publisher&&) noexcept;
  ~Publisher();

  /// Never blocks, unless SocketOptions::waitWhenFull.
  void send(std::string_view bytes);

  /// False if SocketOptions::waitWhenFull and there was no room in time: then nobody was sent it.
  bool send(std::string_view bytes, std::chrono::milliseconds timeout);

  /// Waits until at least `n` subscribers are there. After true, the next message reaches each of them that
  /// subscribed to it (all their topics as of when they connected are in force) as long as they live.
  /// Behind a forwarder, the dividere Subscribers beyond it are counted, each one.
  bool waitForSubscribers(std::size_t n, std::chrono::milliseconds timeout);

  /// Peers with at least one subscription, as of now.
  std::size_t subscribers() const;

  /// How many have come to subscribe so far, those that have gone since included; who connects anew comes again.
  std::uint64_t arrivals() const;

  /// Messages that at least one subscriber missed because its queue was full.
  std::uint64_t dropped() const;

 private:
  friend struct detail::Access;

  bool sendFrame(detail::Frame& frame, const std::chrono::milliseconds* timeout);

  Publisher(std::unique_ptr<detail::Audience> audience, const std::string& endpoint, const SocketOptions& options);

  detail::Hidden<detail::Audience> audience_;
};

}  // namespace dividere::connection
