#include "directory.hpp"

#include <algorithm>

namespace dividere::detail {

/// Erases those that meet the condition, and keeps the turn where it was; returns how many went.
template <class Condition>
std::size_t Directory::erase(Instances& instances, const Condition& condition) {
  std::size_t erased = 0;
  for (std::size_t i = 0; i < instances.all.size();) {
    if (!condition(instances.all[i])) {
      ++i;
      continue;
    }
    instances.all.erase(instances.all.begin() + static_cast<std::ptrdiff_t>(i));
    if (i < instances.next) --instances.next;
    ++erased;
  }
  size_ -= erased;
  return erased;
}

bool Directory::add(const RegisterService& service, Clock::time_point now) {
  if (service.name.empty() || service.server.empty() || service.port == 0 || service.port > 65535) return false;
  const auto leaseEnds =
      service.leaseMs == 0 ? Clock::time_point::max() : now + std::chrono::milliseconds(service.leaseMs);
  Instances& instances = byName_[service.name];
  const auto isSame = [&](const Instance& each) { return each.server == service.server && each.port == service.port; };
  if (!service.instance) {
    erase(instances, [&](const Instance& each) { return !each.isOneOfMany && !isSame(each); });
  }
  const auto found = std::find_if(instances.all.begin(), instances.all.end(), isSame);
  if (found == instances.all.end()) {
    instances.all.push_back({service.server, service.port, service.instance, leaseEnds});
    ++size_;
  } else {
    found->isOneOfMany = service.instance;
    found->leaseEnds = leaseEnds;
  }
  return true;
}

bool Directory::remove(const UnregisterService& service) {
  const auto found = byName_.find(service.name);
  if (found == byName_.end()) return false;
  const std::size_t erased = erase(
      found->second, [&](const Instance& each) { return each.server == service.server && each.port == service.port; });
  if (found->second.all.empty()) byName_.erase(found);
  return erased > 0;
}

ServiceLookupRep Directory::find(const ServiceLookupReq& request, Clock::time_point now) {
  ServiceLookupRep reply;
  reply.name = request.name;
  reply.server = ServiceLookupRep::kUnavailable;
  const auto found = byName_.find(request.name);
  if (found == byName_.end()) return reply;
  Instances& instances = found->second;
  erase(instances, [&](const Instance& each) { return each.leaseEnds <= now; });
  if (instances.all.empty()) {
    byName_.erase(found);
    return reply;
  }
  if (instances.next >= instances.all.size()) instances.next = 0;
  const Instance& chosen = instances.all[instances.next++];
  reply.server = chosen.server;
  reply.port = chosen.port;
  if (!request.all) return reply;
  for (const Instance& each : instances.all) reply.instances.push_back({each.server, each.port});
  return reply;
}

void Directory::expire(Clock::time_point now) {
  for (auto it = byName_.begin(); it != byName_.end();) {
    erase(it->second, [&](const Instance& each) { return each.leaseEnds <= now; });
    it = it->second.all.empty() ? byName_.erase(it) : std::next(it);
  }
}

}  // namespace dividere::detail
