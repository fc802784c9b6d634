#include "announcement.hpp"

#include "../core/error.hpp"
#include "detail/entry_rules.hpp"
#include "detail/lease.hpp"

namespace dividere::detail {

constexpr const char* kAnnouncement = "registry::Announcement";

static std::unique_ptr<Lease> leaseOf(const std::string& name, std::uint16_t port, const std::string& kind,
                                      const registry::AnnouncementOptions& options) {
  requireLeaseOptions(kAnnouncement, options);
  requireServiceName(kAnnouncement, name);
  requirePort(kAnnouncement, port);
  requireKind(kAnnouncement, kind);
  EndpointTraits traits;
  traits.kind = kind;
  auto lease = std::make_unique<Lease>(std::string(kAnnouncement) + " '" + name + "'", name, port, traits, options);
  lease->begin();
  return lease;
}

}  // namespace dividere::detail

namespace dividere::registry {

Announcement::Announcement(const std::string& name, std::uint16_t port, const std::string& kind,
                           const AnnouncementOptions& options)
    : lease_(detail::leaseOf(name, port, kind, options)) {}

Announcement::Announcement(Announcement&&) noexcept = default;
Announcement& Announcement::operator=(Announcement&&) noexcept = default;
Announcement::~Announcement() = default;

bool Announcement::wait(Timeout timeout) const { return awaitKnown(timeout, nullptr); }

bool Announcement::wait(Timeout timeout, const Interrupt& interrupt) const { return awaitKnown(timeout, &interrupt); }

bool Announcement::awaitKnown(Timeout timeout, const Interrupt* interrupt) const {
  if (!lease_) throw Error(Errc::movedFrom, detail::kAnnouncement);
  return lease_->wait(detail::Deadline::in(&timeout, interrupt));
}

void Announcement::stop() {
  if (lease_) lease_->stop(true);
}

}  // namespace dividere::registry
