#pragma once

#include <dividere.hpp>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "limit.hpp"

namespace support {

/// Collects a socket's events, and waits for them.
class Events {
 public:
  using Type = dividere::connection::EventType;
  using Event = dividere::connection::SocketEvent;

  /// For SocketOptions::onEvent or Connector::onEvent; may outlive this object.
  std::function<void(const Event&)> handler() const {
    return [seen = seen_](const Event& event) {
      const std::lock_guard<std::mutex> lock(seen->mutex);
      seen->events.push_back(event);
      seen->threads.push_back(std::this_thread::get_id());
      seen->changed.notify_all();
    };
  }

  dividere::connection::SocketOptions options() const {
    dividere::connection::SocketOptions made;
    made.onEvent = handler();
    return made;
  }

  /// Waits until so many events of this type have come.
  bool wait(Type type, std::size_t count = 1) const {
    std::unique_lock<std::mutex> lock(seen_->mutex);
    return seen_->changed.wait_for(lock, kLimit, [&] { return countLocked(type) >= count; });
  }

  /// Waits until a connection did not come about, or has ended.
  bool waitForLoss() const {
    std::unique_lock<std::mutex> lock(seen_->mutex);
    return seen_->changed.wait_for(
        lock, kLimit, [&] { return countLocked(Type::disconnected) + countLocked(Type::handshakeFailed) > 0; });
  }

  std::size_t count(Type type) const {
    const std::lock_guard<std::mutex> lock(seen_->mutex);
    return countLocked(type);
  }

  /// The first of this type; call after wait().
  Event first(Type type) const {
    const std::lock_guard<std::mutex> lock(seen_->mutex);
    return *std::find_if(seen_->events.begin(), seen_->events.end(), [&](const Event& e) { return e.type == type; });
  }

  std::vector<Event> all() const {
    const std::lock_guard<std::mutex> lock(seen_->mutex);
    return seen_->events;
  }

  /// The thread of each.
  std::vector<std::thread::id> threads() const {
    const std::lock_guard<std::mutex> lock(seen_->mutex);
    return seen_->threads;
  }

 private:
  struct Seen {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<Event> events;
    std::vector<std::thread::id> threads;
  };

  std::size_t countLocked(Type type) const {
    return static_cast<std::size_t>(std::count_if(seen_->events.begin(), seen_->events.end(),
                                                  [&](const Event& event) { return event.type == type; }));
  }

  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
};

}  // namespace support
