#include "listing.hpp"

#include <tuple>

#include "../../connection/detail/certificate.hpp"
#include "../../core/error.hpp"
#include "entry_rules.hpp"

namespace dividere::detail {

std::optional<registry::ServiceAddress> addressOf(const ServiceInstance& instance, const std::string& name) {
  const bool isNamed = instance.name.empty() || faultInServiceName(instance.name).empty();
  if (!isNamed || !faultInPort(instance.port).empty() || !faultInHost(instance.server).empty()) return std::nullopt;
  const std::string& kind = instance.traits.kind;
  return registry::ServiceAddress{instance.name.empty() ? name : instance.name, instance.server,
                                  static_cast<std::uint16_t>(instance.port),
                                  faultInKind(kind).empty() ? kind : std::string(),
                                  isKey(instance.traits.publicKey) ? instance.traits.publicKey : std::string()};
}

const ServiceInstance& lastListed(const std::string& who, const ServiceLookupRep& reply, const ServiceInstance& before,
                                  std::size_t listed) {
  const auto place = [](const ServiceInstance& each) { return std::tie(each.name, each.server, each.port); };
  const bool leadsOn = !reply.instances.empty() && place(reply.instances.back()) > place(before) &&
                       faultInServiceName(reply.instances.back().name).empty() &&
                       faultInHost(reply.instances.back().server).empty();
  if (!leadsOn || listed > kMostListed) throw Error(Errc::malformed, who + ": a list without an end");
  return reply.instances.back();
}

}  // namespace dividere::detail
