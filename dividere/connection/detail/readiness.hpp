#pragma once

// The descriptor by which a loop of the user's own waits for a socket.

#include <optional>

#include "../../core/detail/alarm_clock.hpp"
#include "../../core/detail/owned_descriptor.hpp"
#include "../../core/detail/waker.hpp"
#include "poller.hpp"

namespace dividere::detail {

/// Readable while its socket may have something for its owner. libzmq's own descriptor is silent about what any call has
/// taken in meanwhile; here a waker speaks for that, until the owner has found nothing.
class Readiness final : public Poller {
 public:
  /// `signals`: libzmq's descriptor. Throws Error if there is none left.
  explicit Readiness(int signals);

  int descriptor() const noexcept { return epoll_.get(); }

  /// Woken by whoever knows, in any thread, that the owner should look.
  int wakeDescriptor() const noexcept { return waker_.fd(); }

  void lookAgain() override { waker_.wake(); }

  /// The owner has looked, and need not look before there is a signal.
  void rest() noexcept { waker_.drain(); }

  /// ... or before that time. Throws Error if there is no descriptor for that.
  void lookAt(Deadline::Clock::time_point due);

 private:
  void watch(int fd);

  const OwnedDescriptor epoll_;
  const Waker waker_;
  std::optional<AlarmClock> alarm_;  // made when it is wanted
};

}  // namespace dividere::detail
