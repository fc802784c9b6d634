#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "../messaging/subscriber.hpp"
#include "address.hpp"

namespace dividere::registry {

/// A messaging::Subscriber of whoever publishes under a name, wherever that is.
///
///     registry::Subscriber images("camera.front", types<Image>());  // or "camera.*"
///     Image image = images.recv<Image>();
///
/// It connects to every publisher that is announced under the name (registry::Announcement, of the kind "publisher" or of
/// none), to 256 at most, and follows when they come, go and move. If there are more, the first ones are heard, and others as those
/// go. What a publisher sent before it went is still received. A host's name is looked up first, in a thread that delays nobody.
///
/// It reads as a messaging::Subscriber, belongs to one thread as that, and can be moved into a reactor. It connects in that thread,
/// while it receives or waits: a program that only polls native() never gets connected. endpoint() is the name, port() is 0.
///
/// The registries are asked as Client::watch() does: all of them are, and publishers stay connected while a registry is away.
class Subscriber : public messaging::Subscriber {
 public:
  /// `types` and `topic` as for messaging::Subscriber; everything if there are none. Returns at once, whether anybody is
  /// there or not. Throws std::errc::invalid_argument for what is no name or pattern.
  explicit Subscriber(const std::string& name, const std::vector<std::string>& types = {},
                      const messaging::SubscriberOptions& options = {},
                      const std::vector<Location>& registries = {Location{}}, const messaging::Topic& topic = {});

  /// Waits until it is connected to so many publishers; false if it was not in time. Those learn of it a moment later:
  /// messaging::Publisher::waitForSubscribers(). Needs SocketOptions::monitor.
  bool waitForPublishers(std::size_t count, Timeout timeout) { return awaitPublishers(count, timeout, nullptr); }
  bool waitForPublishers(std::size_t count, Timeout timeout,
                         const Interrupt& interrupt) {  ///< raised: as at the time-out
    return awaitPublishers(count, timeout, &interrupt);
  }

 private:
  bool awaitPublishers(std::size_t count, Timeout timeout, const Interrupt* interrupt);
};

}  // namespace dividere::registry
