#include "directory.hpp"

#include <algorithm>
#include <tuple>

#include "entry_rules.hpp"
#include "name_pattern.hpp"

namespace dividere::detail {

/// Whether it is at this host and port.
template <class Instance>
static bool isAt(const Instance& instance, const ServiceAt& service) {
  return instance.server == service.server && instance.port == service.port;
}

static std::string faultInEntry(const RegisterService& service) {
  std::string fault = faultInServiceName(service.name);
  if (fault.empty()) fault = faultInHost(service.server);
  if (fault.empty()) fault = faultInPort(service.port);
  if (fault.empty()) fault = faultInKind(service.traits.kind);
  if (fault.empty()) fault = faultInPublicKey(service.traits.publicKey);
  return fault.empty() ? fault : "its " + fault;
}

// --- Entries ---

void Directory::forgetRegistrant(Registrants::iterator registrant) {
  if (--registrant->second == 0) registrants_.erase(registrant);
}

/// Erases those that meet the condition, and keeps the turn where it was; returns how many went.
template <class Condition>
std::size_t Directory::erase(const std::string& name, Instances& instances, const Condition& condition) {
  std::size_t kept = 0, erasedBeforeTurn = 0;
  for (std::size_t i = 0; i < instances.all.size(); ++i) {
    if (condition(instances.all[i])) {
      note(name, instances.all[i], true);
      forgetRegistrant(instances.all[i].registrant);
      if (i < instances.next) ++erasedBeforeTurn;
    } else {
      if (kept != i) instances.all[kept] = std::move(instances.all[i]);
      ++kept;
    }
  }
  const std::size_t erased = instances.all.size() - kept;
  instances.all.erase(instances.all.begin() + static_cast<std::ptrdiff_t>(kept), instances.all.end());
  instances.next -= erasedBeforeTurn;
  size_ -= erased;
  return erased;
}

void Directory::note(const std::string& name, const Instance& instance, bool gone) {
  changes_.add({instance.server, instance.port, name, instance.traits, gone});
}

static bool operator==(const EndpointTraits& a, const EndpointTraits& b) {
  return std::tie(a.features, a.publicKey, a.kind) == std::tie(b.features, b.publicKey, b.kind);
}

std::string Directory::lackOfRoom(const Instances& instances, const RegisterService& service,
                                  std::string_view registrant) const {
  // The entry that this one replaces makes room for it.
  const bool replaces = !service.instance && std::any_of(instances.all.begin(), instances.all.end(),
                                                         [](const Instance& each) { return !each.isOneOfMany; });
  const std::size_t replaced = replaces ? 1 : 0;
  if (instances.all.size() - replaced >= limits_.instancesPerName) {
    return "the name has " + std::to_string(instances.all.size()) + " instances, and no more are taken";
  }
  if (size_ - replaced >= limits_.entries) {
    return "the registry has " + std::to_string(size_) + " entries, and no more are taken";
  }
  const auto found = registrants_.find(registrant);
  const std::size_t own = found == registrants_.end() ? 0 : found->second;
  if (own - std::min(own, replaced) >= limits_.entriesPerHost) {
    return "this host has registered " + std::to_string(own) + " entries, and no more are taken from it";
  }
  return {};
}

std::string Directory::add(const RegisterService& service, std::string_view registrant, Clock::time_point now) {
  std::string fault = faultInEntry(service);
  if (!fault.empty()) return fault;
  Instances& instances = byName_[service.name];
  const auto known = std::find_if(instances.all.begin(), instances.all.end(),
                                  [&](const Instance& each) { return isAt(each, service); });
  const auto leaseEnds =
      service.leaseMs == 0 ? Clock::time_point::max() : now + std::chrono::milliseconds(service.leaseMs);
  if (known != instances.all.end()) {
    // One that has ended, though it is still here, is not listed any more: it comes back.
    const bool isNews = known->leaseEnds <= now || !(known->traits == service.traits);
    known->isOneOfMany = service.instance;
    known->leaseEnds = leaseEnds;
    known->traits = service.traits;
    if (isNews) note(service.name, *known, false);
  } else {
    fault = lackOfRoom(instances, service, registrant);
    if (!fault.empty()) {
      if (instances.all.empty()) byName_.erase(service.name);
      return fault;
    }
    const auto mine = registrants_.try_emplace(std::string(registrant), 0).first;
    ++mine->second;
    instances.all.push_back({service.server, service.port, service.instance, leaseEnds, mine, service.traits});
    ++size_;
    note(service.name, instances.all.back(), false);
  }
  if (!service.instance) {
    erase(service.name, instances, [&](const Instance& each) { return !each.isOneOfMany && !isAt(each, service); });
  }
  return {};
}

bool Directory::remove(const UnregisterService& service) {
  const auto found = byName_.find(service.name);
  if (found == byName_.end()) return false;
  const std::size_t erased =
      erase(found->first, found->second, [&](const Instance& each) { return isAt(each, service); });
  if (found->second.all.empty()) byName_.erase(found);
  return erased > 0;
}

void Directory::expire(Clock::time_point now) {
  for (auto it = byName_.begin(); it != byName_.end();) {
    erase(it->first, it->second, [&](const Instance& each) { return each.leaseEnds <= now; });
    it = it->second.all.empty() ? byName_.erase(it) : std::next(it);
  }
}

// --- Look-ups ---

ServiceLookupRep Directory::find(const ServiceLookupReq& request, Clock::time_point now) {
  if (!request.pattern.empty()) return list(request, now);
  ServiceLookupRep reply;
  reply.name = request.name;
  reply.server = ServiceLookupRep::kUnavailable;
  const auto found = byName_.find(request.name);
  if (found == byName_.end()) return reply;
  Instances& instances = found->second;
  erase(found->first, instances, [&](const Instance& each) { return each.leaseEnds <= now; });
  if (instances.all.empty()) {
    byName_.erase(found);
    return reply;
  }
  const std::size_t turn = instances.next % instances.all.size();
  instances.next = turn + 1;
  reply.server = instances.all[turn].server;
  reply.port = instances.all[turn].port;
  if (request.all) listAll(instances, turn, reply);
  return reply;
}

/// Lists every instance, or as many as fit, from the turn on: who takes the first ones does not take the same ones each
/// time. The turn goes on behind those that fit.
void Directory::listAll(Instances& instances, std::size_t turn, ServiceLookupRep& reply) const {
  const std::size_t count = instances.all.size();
  std::size_t room = limits_.replyBytes - std::min(limits_.replyBytes, sizeInReply(reply.name, reply.server));
  for (std::size_t i = 0; i < count; ++i) {
    const Instance& each = instances.all[(turn + i) % count];
    const std::size_t taken = sizeInReply({}, each.server, each.traits);
    if (taken > room) break;
    room -= taken;
    reply.instances.push_back({each.server, each.port, {}, each.traits});
  }
  if (reply.instances.size() < count)
    instances.next = (turn + std::max<std::size_t>(reply.instances.size(), 1)) % count;
}

/// The instances of every name that matches, by name, host and port, from behind `after` on, as many as fit: a long
/// list is asked for in parts. At least one, if there is one.
ServiceLookupRep Directory::list(const ServiceLookupReq& request, Clock::time_point now) const {
  using Position = std::tuple<std::string_view, std::string_view, std::uint32_t>;
  const NamePattern pattern(request.pattern);
  const Position after(request.after.name, request.after.server, request.after.port);
  ServiceLookupRep reply;
  reply.server = ServiceLookupRep::kUnavailable;
  reply.isListed = true;
  reply.revision = changes_.revision();
  std::size_t size = 0;
  for (auto it = byName_.lower_bound(std::max(pattern.text, std::string_view(request.after.name)));
       it != byName_.end() && pattern.matches(it->first); ++it) {
    const std::string& name = it->first;
    const auto positionOf = [&](const Instance& each) { return Position(name, each.server, each.port); };
    std::vector<const Instance*> wanted;
    for (const Instance& each : it->second.all) {
      if (each.leaseEnds > now && positionOf(each) > after) wanted.push_back(&each);
    }
    std::sort(wanted.begin(), wanted.end(),
              [&](const Instance* a, const Instance* b) { return positionOf(*a) < positionOf(*b); });
    for (const Instance* each : wanted) {
      size += sizeInReply(name, each->server, each->traits);
      reply.more = !reply.instances.empty() && size > limits_.replyBytes;
      if (reply.more) return reply;
      reply.instances.push_back({each->server, each->port, name, each->traits});
    }
  }
  return reply;
}

ServiceLookupRep Directory::changesFor(const ServiceLookupReq& request, Clock::time_point now) const {
  if (!changes_.cover(request.since)) return list(request, now);
  ServiceLookupRep reply;
  reply.server = ServiceLookupRep::kUnavailable;
  reply.isListed = reply.changes = true;
  changes_.tell(request.since, NamePattern(request.pattern), limits_.replyBytes, reply);
  return reply;
}

}  // namespace dividere::detail
