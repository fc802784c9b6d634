#include "registrar.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "../../core/detail/log_line.hpp"
#include "../../core/detail/random.hpp"
#include "../../messaging/detail/envelope_format.hpp"

namespace dividere::detail {

using namespace std::chrono_literals;

// A registry that is there and does not answer is asked again after this time, no sooner: the Python package's takes a
// second for each request, and would never be done with those of many services.
constexpr auto kRegisterAgain = 10s;
// A registry that does not say that it knows leases keeps an entry anyway. It hears of it again now and then all the
// same: it may have lost it without our noticing.
constexpr auto kRenewUnleased = 60s;

std::chrono::milliseconds randomUpTo(std::chrono::milliseconds most) {
  if (most <= 0ms) return 0ms;
  std::uint32_t random;
  std::memcpy(&random, randomBytes(sizeof random).data(), sizeof random);
  return std::chrono::milliseconds(random % (static_cast<std::uint64_t>(most.count()) + 1));
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
    if (entry.registry != registry || !entry.asked.empty()) continue;  // its answer is on the way
    // With jitter only the second time: then everybody does it at once.
    entry.due = std::min(entry.due, entry.hasBeenKnown ? now + randomUpTo(entry.registration->jitter) : now);
  }
}

void Registrar::registerNow(Entry& entry, Clock::time_point now) {
  RegisterService request;
  static_cast<ServiceAt&>(request) = entry.registration->service;
  request.leaseMs = static_cast<std::uint32_t>(entry.registration->lease.count());
  request.instance = true;
  Frame frame{std::string_view(sealEnvelope(RegisterService::kType, request.encode()))};
  entry.asked = ids_.next();
  if (!registries_[entry.registry]->ask(entry.asked, frame)) entry.asked.clear();
  entry.due = now + kRegisterAgain;
}

bool Registrar::take(std::size_t registry, std::string_view id, const Frame& answer) {
  const auto entry =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& each) { return each.asked == id; });
  if (entry != entries_.end() && entry->registry == registry) {
    acknowledge(*entry, answer);
    return true;
  }
  const auto farewell =
      std::find_if(farewells_.begin(), farewells_.end(), [&](const Farewell& each) { return each.asked == id; });
  if (farewell == farewells_.end()) return false;
  const auto registration = farewell->registration;
  farewells_.erase(farewell);
  farewellEnded(registration);
  return true;
}

void Registrar::acknowledge(Entry& entry, const Frame& answer) {
  entry.asked.clear();
  Ack ack;
  const Envelope envelope = openEnvelope("service::Service", answer.view());
  const bool taken = envelope.type == Ack::kType && ack.decode(envelope.payload) && ack.ok;
  const std::chrono::milliseconds lease = entry.registration->lease;
  // Three times a lease: one that is lost does not end it.
  const std::chrono::milliseconds renewal = ack.leases && lease > 0ms ? std::max(lease / 3, 1ms) : kRenewUnleased;
  entry.due = Clock::now() + (taken ? renewal : kRegisterAgain);
  if (taken) {
    entry.hasBeenKnown = true;
    entry.registration->known.open();
  } else {
    log(LogLevel::warning, "service::Service",
        entry.registration->service.name + ": the registry at " + registries_[entry.registry]->endpoint() +
            " did not take the registration");
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
