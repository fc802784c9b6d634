#include "instances.hpp"

#include <algorithm>
#include <memory>
#include <tuple>
#include <vector>

#include "../../connection/detail/certificate.hpp"
#include "../../registry/detail/entry_rules.hpp"
#include "../../registry/detail/own_address.hpp"

namespace dividere::detail {

// What a broker's front is announced as.
constexpr const char* kBrokerKind = "broker";
// How long one that cannot be reached keeps its place from others that are listed.
constexpr std::chrono::milliseconds kReachLimit{3000};

/// The registry's reply as a list; one that knows nothing of lists says one.
static std::vector<ServiceInstance> placesIn(const ServiceLookupRep& reply) {
  if (reply.port == 0 || reply.server == reply.kUnavailable) return {};
  if (reply.instances.empty()) return {{reply.server, reply.port}};
  return reply.instances;
}

static std::string faultIn(const ServiceInstance& place) {
  const std::string fault = faultInHost(place.server);
  return fault.empty() ? faultInPort(place.port) : fault;
}

/// Whether it is no use to keep it while others are listed.
static bool isUseless(const Instance& instance, Deadline::Clock::time_point now) {
  if (!instance.isIdle()) return false;
  if (instance.remote->isUp()) return instance.isSilent;
  return instance.remote->state() == Remote::State::down || now - instance.since >= kReachLimit;
}

void Instances::list(const ServiceLookupRep& reply, Clock::time_point now) {
  std::vector<ServiceInstance> places = placesIn(reply);
  // A registry that knows of none may just have been restarted: those that are connected stay.
  for (Instance& each : all_) each.isListed = places.empty() && each.remote->isUp() && each.isListed;
  const auto isSettled = [&](const ServiceInstance& place) {
    Instance* const instance = at(place);
    if (instance) instance->isListed = true;
    return instance || !isUsable(place);
  };
  places.erase(std::remove_if(places.begin(), places.end(), isSettled), places.end());
  makeRoom(places.size(), now);
  const std::size_t room = most_ - std::min(most_, all_.size());
  if (places.size() > room) std::shuffle(places.begin(), places.end(), random_);
  places.resize(std::min(places.size(), room));
  for (const ServiceInstance& place : places) connectTo(place, now);
}

void Instances::makeRoom(std::size_t wanted, Clock::time_point now) {
  prune();
  std::size_t excess = std::max(most_, all_.size() + wanted) - most_;
  for (Instance& each : all_) {
    if (excess == 0) break;
    if (!isUseless(each, now)) continue;
    each.isListed = false;
    --excess;
  }
  prune();
}

Instance* Instances::at(const ServiceInstance& place) {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Instance& each) {
    return each.server == place.server && each.port == place.port && each.publicKey == place.traits.publicKey;
  });
  return found == all_.end() ? nullptr : &*found;
}

bool Instances::isUsable(const ServiceInstance& place) {
  if (place.traits.kind == "publisher") return false;  // under the name of a service; nobody replies there
  const std::string fault = faultIn(place);
  if (!fault.empty()) warn("an instance is passed over: the " + fault);
  return fault.empty();
}

void Instances::warn(const std::string& text) {
  warnings_.log(LogLevel::warning, "service::Client", service_ + ": " + text);
}

void Instances::connectTo(const ServiceInstance& place, Clock::time_point now) {
  if (at(place)) return;  // listed twice
  try {
    const std::string endpoint = tcpEndpoint(place.server, static_cast<std::uint16_t>(place.port));
    const auto framing = place.traits.kind == kBrokerKind ? Remote::Framing::broker : Remote::Framing::response;
    connection::SocketOptions options = options_;
    if (options.host.empty()) options.host = service_;
    if (isKey(place.traits.publicKey))
      options.hostKey = place.traits.publicKey;  // who has the name, the registry has checked
    auto remote = std::make_unique<Remote>("service::Client", loop_, owner_, endpoint, std::move(options), framing);
    remote->socket().tally().setName(service_);
    all_.push_front(
        {{remote.get(), remote->socket().descriptor()}, place.server, place.port, place.traits.publicKey, now});
    loop_.add(std::move(remote));
  } catch (const Error& error) {
    warn(error.what());
  }
}

Instance* Instances::choose(const Responder* butNot) {
  const auto rank = [](const Instance& each) { return std::make_tuple(each.isSilent || !each.isListed, each.calls); };
  auto best = all_.end();
  for (auto it = all_.begin(); it != all_.end(); ++it) {
    if (!it->isThere() || !it->hasRoom() || &*it == butNot) continue;
    if (best == all_.end() || rank(*it) < rank(*best)) best = it;
  }
  if (best == all_.end()) return nullptr;
  all_.splice(all_.end(), all_, best);
  return &all_.back();
}

bool Instances::hasAny() const {
  return std::any_of(all_.begin(), all_.end(), [](const Instance& each) { return each.isThere(); });
}

bool Instances::areAllRefused() {
  const auto isRefused = [](Instance& each) { return each.remote->isRefused(); };
  return !all_.empty() && std::all_of(all_.begin(), all_.end(), isRefused);
}

bool Instances::hasUnknown() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const Instance& each) { return each.isThere() && !each.knowsFeatures; });
}

Instance* Instances::find(const Remote& remote) {
  const auto found =
      std::find_if(all_.begin(), all_.end(), [&](const Instance& each) { return each.remote == &remote; });
  return found == all_.end() ? nullptr : &*found;
}

void Instances::prune() {
  for (auto it = all_.begin(); it != all_.end();) {
    if (it->isListed || !it->isIdle()) {
      ++it;
      continue;
    }
    loop_.remove(*it->remote);
    it = all_.erase(it);
  }
}

}  // namespace dividere::detail
