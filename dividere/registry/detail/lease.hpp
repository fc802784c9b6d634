#pragma once

// One endpoint's place in the registries.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "../../core/detail/fork.hpp"
#include "../announcement.hpp"
#include "registry_link.hpp"

namespace dividere::detail {

/// Throws std::errc::invalid_argument, which names `who`, for options that make no sense.
void requireLeaseOptions(const char* who, const registry::AnnouncementOptions& options);

/// Keeps an endpoint registered from begin() to stop(). Any thread.
class Lease {
 public:
  /// `who` speaks for it in the log: as in "service::Service 'demo.Echo'". Name, port and options must be good. Throws
  /// Error{badEndpoint} for registries that are at no address.
  Lease(const std::string& who, const std::string& name, std::uint16_t port, const EndpointTraits& traits,
        const registry::AnnouncementOptions& options);
  ~Lease() { stop(true); }

  /// Tells the registries. Once.
  void begin() { link_->begin(registration_); }

  /// Whether a registry knows of it, waiting for that until the deadline; false after stop().
  bool wait(const Deadline& deadline) const;

  /// Takes it out of the registries. `waits`: once, for those that are there to acknowledge it, for 200 ms at most, unless
  /// called from where nobody may wait. Any number of times; does nothing in a forked child.
  void stop(bool waits);

 private:
  const ForkGuard fork_;
  const std::shared_ptr<Registration> registration_;
  const std::shared_ptr<RegistryLink> link_;
  std::atomic<bool> isStopped_{false};
  std::atomic<bool> hasWaited_{false};
};

}  // namespace dividere::detail
