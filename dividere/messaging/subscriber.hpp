#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../connection/subscriber.hpp"
#include "socket.hpp"
#include "topic.hpp"

namespace dividere::messaging {

/// Messages that did not come to a Subscriber, of one publisher, type and topic.
struct Missed {
  std::uint32_t publisher;  ///< a number that the publisher chose at random when it was made
  std::string type;         ///< full name
  Topic topic;
  std::uint64_t count;
};

struct SubscriberOptions {
  /// Whoever reads slowly gets the newest message of each type and topic, never an old one; skipped() counts those that were not
  /// read in time. Types and topics take turns. A thread of the library empties the queues meanwhile, unless native() was called.
  /// At most 100,000 messages wait, of SocketOptions::maxMessageBytes in all.
  bool latest = false;

  /// Asks a publisher that keeps messages (PublisherOptions::keep) again for those that are missing, also for what it sent while the
  /// connection was lost. They come in their place: newer messages of their type and topic are held back until then. What the
  /// publisher has no more is missed. Has no effect together with `latest`.
  bool recover = false;

  /// Called for each gap, in the thread that receives, before the message behind the gap is returned. With `latest`: before the
  /// next message, with all gaps of one publisher, type and topic in one. Beyond 1,000 of those, gaps are only counted.
  std::function<void(const Missed&)> onMissed;

  connection::SocketOptions socket;
};

/// connection::Subscriber for protobuf messages: of the given types, or of all.
///
/// The filter is exact. It matches the name that the publisher writes. This library writes full names; the Python package
/// writes the last part alone, which is the same for types without a package. A name that no message type can have, such
/// as "pkg/Ping", throws Error{invalid_argument}.
class Subscriber : public Consumer<connection::Subscriber> {
 public:
  /// `types` are full names, such as types<Msg01, pkg::Msg02>() gives; everything if there are none.
  explicit Subscriber(const std::string& endpoint, const std::vector<std::string>& types = {},
                      const connection::SocketOptions& options = {});
  Subscriber(const std::string& endpoint, std::initializer_list<std::string> types,
             const connection::SocketOptions& options = {});

  explicit Subscriber(const std::string& endpoint, const std::vector<std::string>& types,
                      const SubscriberOptions& options);

  /// Of this topic and those below it alone. Publishers that know no topics, old ones and Python, send to none.
  /// Throws Error{tooLarge} for a topic of more than 1 KiB.
  Subscriber(const std::string& endpoint, const std::vector<std::string>& types, const Topic& topic,
             const SubscriberOptions& options = {});

  /// Adds a type to those given before.
  template <class T>
  void subscribe() {
    subscribe(std::string(T::descriptor()->full_name()));
  }
  void subscribe(const std::string& fullName);

  /// Removes a type; one that is not there changes nothing.
  template <class T>
  void unsubscribe() {
    unsubscribe(std::string(T::descriptor()->full_name()));
  }
  void unsubscribe(const std::string& fullName);

  /// Messages received so far. Those without a number, of old publishers and Python, are counted here alone.
  std::uint64_t received() const;

  /// Messages missed so far: sent by a publisher after the first one that was received of it, the type and the topic,
  /// and never received, because the queue was full or the connection was lost. Known when the next one comes. Also in
  /// the log, as a warning.
  std::uint64_t missed() const;

  /// Messages that came but were not read, as a newer one of their type and topic came first; only with
  /// SubscriberOptions::latest. What was sent since the first message is either received, skipped or missed.
  std::uint64_t skipped() const;

  /// How old the message received last is: from when it was sent, by the publisher's clock, until now, by this host's. So it
  /// contains the difference of the clocks, a few milliseconds where both follow NTP, and may be negative. Nothing unless the
  /// publisher stamps (PublisherOptions::stamp). A subscriber that falls a second behind its publisher says so in the log, once,
  /// whatever the clocks.
  std::optional<std::chrono::nanoseconds> age() const;

  /// The topic of the message received last; empty if it has none.
  const Topic& topic() const;

  /// The first bytes of every envelope of this type, and of no other (doc/wire.md): the topic it is subscribed by.
  static std::string topicId(std::string_view fullName);

 protected:
  /// Connects to what `destinations` says, if it is not null; endpoint() is a name then.
  Subscriber(const std::string& endpoint, const std::vector<std::string>& types, const Topic& topic,
             const SubscriberOptions& options, std::shared_ptr<detail::Destinations> destinations);
};

}  // namespace dividere::messaging
