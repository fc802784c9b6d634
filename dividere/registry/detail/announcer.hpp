#pragma once

// How a registry tells everybody that it has started.

#include <string>

#include "../../connection/detail/access.hpp"
#include "../../connection/publisher.hpp"
#include "../../reactor/detail/alarm.hpp"

namespace dividere::detail {

/// Asks whoever listens to register again: about a second after the start, and whenever a new one has come to listen,
/// which may have missed it.
///
/// Made in any thread, then the loop's.
class Announcer final : public Source {
 public:
  /// Throws Error if the endpoint cannot be bound to.
  Announcer(ReactorLoop& loop, const std::string& endpoint, const connection::SocketOptions& options);

  void start();

  Socket& socket() override { return Access::socketOf(publisher_); }

  /// Nobody sends anything here, but the news of who listens wake the loop.
  bool hasMessage() override {
    look();
    return false;
  }

  /// Sees whether somebody has come. To be called now and then: not every newcomer wakes the loop.
  void look();

  void take() override {}

 private:
  void announce();

  connection::Publisher publisher_;
  Alarm alarm_;
  std::uint64_t known_ = 0;  // of those who have come
  Alarm::Clock::time_point last_{};
};

}  // namespace dividere::detail
