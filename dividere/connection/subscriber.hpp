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

/// The receiving half of publish/subscribe (seeds: connection.Subscriber). Connects; the Publisher may come later,
/// go and come back.
///
/// A topic is a prefix of the bytes sent; the empty one matches everything.
class Subscriber : public Connector {
 public:
  explicit Subscriber(const std::string& endpoint, const std::string& topic = "", const SocketOptions& options = {});

  /// With all these topics from the start; everything if there are none.
  Subscriber(const std::string& endpoint, const std::vector<std::string>& topics, const SocketOptions& options = {});
  Subscriber(const std::string& endpoint, std::initializer_list<std::string> topics, const SocketOptions& options = {});

  Subscriber(Subscriber&&) noexcept = default;
  Subscriber& operator=(Subscriber&&) noexcept = default;

  /// Adds a topic; one that is already there changes nothing.
  void subscribe(const std::string& topic);

  /// Removes a topic; one that is not there changes nothing.
  void unsubscribe(const std::string& topic);

  /// The next message, however long it takes. Throws Error{malformed} for one of several frames, which no
  /// Publisher sends; the next one is fine again.
  std::string recv();

  /// The next message, or nothing if none came in time.
  std::optional<std::string> recv(std::chrono::milliseconds timeout);

  /// Whether a message is there, waiting for one until the time-out.
  bool wait(std::chrono::milliseconds timeout);

 private:
  friend struct detail::Access;

  const detail::Frame* receiveFrame(const std::chrono::milliseconds* timeout);

  std::vector<std::string> topics_;
  std::string id_;  // the topic it is counted by, see census.hpp
};

}  // namespace dividere::connection
