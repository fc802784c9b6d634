#include "changes.hpp"

#include "../../core/detail/random.hpp"

namespace dividere::detail {

// Each takes up to 700 bytes. Who is further behind is told everything.
constexpr std::size_t kChangesKept = 4096;

// Below 2^63; 4 billion changes lead nowhere near to another life's.
Changes::Changes() : revision_((std::uint64_t{randomNumber() >> 1} + 1) << 32) {}

void Changes::add(ServiceInstance change) {
  ++revision_;
  if (log_.size() == kChangesKept) log_.pop_front();
  log_.push_back(std::move(change));
}

void Changes::tell(std::uint64_t revision, const NamePattern& pattern, std::size_t room,
                   ServiceLookupRep& reply) const {
  std::size_t size = 0;
  reply.revision = revision;
  for (std::size_t i = log_.size() - static_cast<std::size_t>(revision_ - revision); i < log_.size(); ++i) {
    const ServiceInstance& change = log_[i];
    if (pattern.matches(change.name)) {
      size += sizeInReply(change.name, change.server, change.traits);
      if (!reply.instances.empty() && size > room) return;
      reply.instances.push_back(change);
    }
    ++reply.revision;
  }
}

}  // namespace dividere::detail
