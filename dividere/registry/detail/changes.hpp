#pragma once

// What has changed in a registry of late.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "../../messaging/detail/framework_messages.hpp"
#include "name_pattern.hpp"

namespace dividere::detail {

/// What one more instance adds to a reply, at most: tags and lengths, a port of three bytes, features of five.
inline std::size_t sizeInReply(std::string_view name, std::string_view host, const EndpointTraits& traits = {}) {
  return name.size() + host.size() + traits.kind.size() + traits.publicKey.size() + 33;
}

/// The last changes, each with a number: a revision. Revisions begin at a number that no other registry's life comes
/// near to.
class Changes {
 public:
  Changes();

  /// The last change's.
  std::uint64_t revision() const { return revision_; }

  void add(ServiceInstance change);

  /// Whether all changes after this revision are remembered.
  bool cover(std::uint64_t revision) const { return revision <= revision_ && revision_ - revision <= log_.size(); }

  /// Puts those after `revision`, which must be covered, that match into the reply, as many as fit into `room` bytes;
  /// at least one, if there is one. Its revision is then the last one that was looked at.
  void tell(std::uint64_t revision, const NamePattern& pattern, std::size_t room, ServiceLookupRep& reply) const;

 private:
  std::uint64_t revision_;
  std::deque<ServiceInstance> log_;
};

}  // namespace dividere::detail
