#include "lease.hpp"

#include <algorithm>

#include "../../core/detail/options.hpp"
#include "entry_rules.hpp"
#include "own_address.hpp"

namespace dividere::detail {

// How long the end waits for the registries to acknowledge: without it the lease would end anyway.
constexpr std::chrono::milliseconds kUnregisterLimit{200};

void requireLeaseOptions(const char* who, const registry::AnnouncementOptions& options) {
  constexpr std::chrono::milliseconds none{0};
  requireOption(options.lease >= none, who, "lease must not be negative");
  requireOption(options.jitter >= none, who, "jitter must not be negative");
  if (!options.advertise.empty()) requireHost(who, "advertise", options.advertise);
}

static std::shared_ptr<Registration> registrationOf(const std::string& who,
                                                    const registry::AnnouncementOptions& options) {
  auto registration = std::make_shared<Registration>();
  registration->who = who;
  registration->service.server = options.advertise.empty() ? ownAddress() : options.advertise;
  registration->lease = std::min<std::chrono::milliseconds>(options.lease, kLongestLease);
  registration->jitter = clampedPeriod(options.jitter);
  return registration;
}

Lease::Lease(const std::string& who, const std::string& name, std::uint16_t port, const EndpointTraits& traits,
             const registry::AnnouncementOptions& options)
    : registration_(registrationOf(who, options)), link_(RegistryLink::to(who, options.registries)) {
  registration_->service.name = name;
  registration_->service.port = port;
  registration_->traits = traits;
}

bool Lease::wait(const Deadline& deadline) const {
  fork_.require(registration_->who);
  return registration_->known.wait(deadline) && !isStopped_;
}

void Lease::stop(bool waits) {
  if (fork_.crossed()) return;
  if (!isStopped_.exchange(true)) {
    registration_->known.open();  // nobody is to wait for it any more
    link_->end(registration_);
  }
  const bool mayWait = waits && !CallbackScope::isInside() && !link_->isCurrent();
  if (mayWait && !hasWaited_.exchange(true)) registration_->forgotten.wait(Deadline::in(kUnregisterLimit));
}

}  // namespace dividere::detail
