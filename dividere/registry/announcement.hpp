#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "../core/detail/hidden.hpp"
#include "../core/interrupt.hpp"
#include "../core/timeout.hpp"
#include "address.hpp"

namespace dividere::detail {
class Lease;
}

namespace dividere::registry {

struct AnnouncementOptions {
  /// The registries that are told: all of them.
  std::vector<Location> registries{Location{}};

  /// The address that is registered. Empty: that of the interface with the default route, or 127.0.0.1 where there is only
  /// loopback.
  std::string advertise;

  /// A registry forgets the endpoint after this time without a renewal. It is renewed three times as often. 0: never.
  std::chrono::milliseconds lease{5000};

  /// When a registry comes back, it is told again at a random moment within this time.
  std::chrono::milliseconds jitter{250};
};

/// Keeps an endpoint in the registries as long as it lives: a publisher's, a broker's, a plain Response's.
///
///     messaging::Publisher publisher("tcp://*:*");
///     registry::Announcement announced("camera.front", publisher.port(), "publisher");
///
/// Whoever looks the name up finds it, as a service. (A service::Service needs none: it announces itself.) When a registry
/// restarts, or comes later, it is told then. Any number of endpoints may have one name. An old registry, of the Python
/// package, has one endpoint a name, and no kinds.
///
/// Returns at once; the registries are told in the background. Any thread. In a forked child it does nothing: the
/// parent goes on with it.
class Announcement {
 public:
  /// `kind` says what is there, in one word: "publisher" for what registry::Subscriber finds, "broker" for a Broker's front
  /// port, or any other of at most 64 bytes. Throws std::errc::invalid_argument for a name that is not 1 to 255 bytes
  /// of printable UTF-8, and for what is no port or no host.
  Announcement(const std::string& name, std::uint16_t port, const std::string& kind,
               const AnnouncementOptions& options = {});
  Announcement(Announcement&&) noexcept;
  Announcement& operator=(Announcement&&) noexcept;

  /// Ends it, as stop().
  ~Announcement();

  /// Whether a registry knows of it, waiting for that until the time-out. False after stop().
  bool wait(Timeout timeout) const;
  bool wait(Timeout timeout, const Interrupt& interrupt) const;  ///< raised: as at the time-out

  /// Takes it out of the registries. One that keeps silent is waited for 200 ms: it forgets the endpoint when the lease
  /// ends. Any thread, any number of times; from a handler it does not wait.
  void stop();

 private:
  bool awaitKnown(Timeout timeout, const Interrupt* interrupt) const;

  detail::Hidden<detail::Lease> lease_;
};

}  // namespace dividere::registry
