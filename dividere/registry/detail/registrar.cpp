#include "registrar.hpp"

#include <algorithm>
#include <cstdint>

#include "../../core/detail/log_line.hpp"
#include "../../core/detail/random.hpp"
#include "../../messaging/detail/envelope_format.hpp"

namespace dividere::detail {

// A registry that is there and does not reply is asked again after this time, no sooner: the Python package's takes a
// second for each request, and would never be done with those of many services.
constexpr std::chrono::seconds kRegisterAgain{10};
// A registry that knows no leases keeps an entry anyway. It is told again now and then all the same: it may have lost
// the entry, and we would not notice.
constexpr std::chrono::seconds kRenewUnleased{60};
constexpr std::chrono::milliseconds kShortestRenewal{1};

static std::chrono::milliseconds randomUpTo(std::chrono::milliseconds most) {
  if (most.count() <= 0) return std::chrono::milliseconds(0);
  return std::chrono::milliseconds(randomNumber() % (static_cast<std::uint64_t>(most.count()) + 1));
}

void Registrar::begin(const std::shared_ptr<Registration>& registration) {
  for (std::size_t i = 0; i < registries_.size(); ++i) entries_.push_back({registration, i, Clock::now()});
}

void Registrar::end(const std::shared_ptr<Registration>& registration) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (it->registration != registration) {
      ++it;
      continue;
    }
    unregister(*it);
    it = entries_.erase(it);
  }
  farewellEnded(registration);
}

void Registrar::unregister(const Entry& entry) {
  // Also if it is not acknowledged: the registration may be on its way.
  if (!entry.hasBeenKnown && entry.asked.empty()) return;
  Frame frame{std::string_view(sealEnvelope(UnregisterService::kType, entry.registration->service.encode()))};
  std::string id = ids_.next();
  if (registries_[entry.registry]->ask(id, frame)) {
    farewells_.push_back({entry.registration, entry.registry, std::move(id)});
  }
}

void Registrar::farewellEnded(const std::shared_ptr<Registration>& registration) {
  const bool isLast = std::none_of(farewells_.begin(), farewells_.end(),
                                   [&](const Farewell& each) { return each.registration == registration; });
  if (isLast) registration->forgotten.open();
}

void Registrar::changed(std::size_t registry) {
  if (registries_[registry]->isUp()) return registerAgain(registry);
  for (Entry& entry : entries_) {
    if (entry.registry == registry) entry.asked.clear();
  }
  for (auto it = farewells_.begin(); it != farewells_.end();) {
    if (it->registry != registry) {
      ++it;
      continue;
    }
    const auto registration = it->registration;
    it = farewells_.erase(it);
    farewellEnded(registration);
  }
}

void Registrar::registerAgain(std::size_t registry) {
  const auto now = Clock::now();
  for (Entry& entry : entries_) {
    if (entry.registry != registry || !entry.asked.empty()) continue;  // its reply is on the way
    // With jitter only the second time: then everybody does it at once.
    entry.due = std::min(entry.due, entry.hasBeenKnown ? now + randomUpTo(entry.registration->jitter) : now);
  }
}

void Registrar::registerNow(Entry& entry, Clock::time_point now) {
  RegisterService request;
  static_cast<ServiceAt&>(request) = entry.registration->service;
  request.leaseMs = static_cast<std::uint32_t>(entry.registration->lease.count());
  request.instance = true;
  request.traits = entry.registration->traits;
  Frame frame{std::string_view(sealEnvelope(RegisterService::kType, request.encode()))};
  entry.asked = ids_.next();
  if (!registries_[entry.registry]->ask(entry.asked, frame)) entry.asked.clear();
  entry.due = now + kRegisterAgain;
}

bool Registrar::take(std::size_t registry, std::string_view id, const Frame& reply) {
  const auto entry =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) { return each.asked == id; });
  if (entry != entries_.end() && entry->registry == registry) {
    acknowledge(*entry, reply);
    return true;
  }
  const auto farewell = std::find_if(farewells_.begin(), farewells_.end(), [&](const Farewell& each) {
    return each.registry == registry && each.asked == id;
  });
  if (farewell == farewells_.end()) return false;
  const auto registration = farewell->registration;
  farewells_.erase(farewell);
  farewellEnded(registration);
  return true;
}

/// When it is registered again, after a registry has taken it.
static std::chrono::milliseconds renewalOf(const Registration& registration, const Ack& ack) {
  const bool isLeased = ack.leases && registration.lease.count() > 0;
  // Three times a lease: one that is lost does not end it.
  return isLeased ? std::max(registration.lease / 3, kShortestRenewal) : kRenewUnleased;
}

/// Why a registry did not take a registration: what it says, to be put behind a colon; empty if it does not say.
static std::string refusalIn(const Envelope& reply, const Ack& ack) {
  DividereError error;
  if (reply.type == DividereError::kType && error.decode(reply.payload)) return shown(error.text);
  return reply.type == Ack::kType ? shown(ack.reason) : "its reply is a '" + shown(reply.type) + "'";
}

void Registrar::acknowledge(Entry& entry, const Frame& reply) {
  entry.asked.clear();
  Registration& registration = *entry.registration;
  const std::string where = "the registry at " + registries_[entry.registry]->endpoint();
  const Envelope envelope = openEnvelope(registration.who + ": the reply of " + where, reply.view());
  Ack ack;
  const bool taken = envelope.type == Ack::kType && ack.decode(envelope.payload) && ack.ok;
  if (taken) {
    entry.due = Clock::now() + renewalOf(registration, ack);
    entry.hasBeenKnown = true;
    registration.known.open();
  } else {
    entry.due = Clock::now() + kRegisterAgain;
    const std::string why = refusalIn(envelope, ack);
    log(LogLevel::warning, registration.who,
        where + " did not take the registration" + (why.empty() ? "" : ": " + why));
  }
}

Registrar::Clock::time_point Registrar::run(Clock::time_point now) {
  auto next = Clock::time_point::max();
  for (Entry& entry : entries_) {
    if (!registries_[entry.registry]->isUp()) continue;  // its coming is told
    if (entry.due <= now) registerNow(entry, now);
    next = std::min(next, entry.due);
  }
  return next;
}

}  // namespace dividere::detail
