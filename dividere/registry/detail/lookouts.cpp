#include "lookouts.hpp"

#include <algorithm>

#include "../../core/error.hpp"
#include "../../messaging/detail/envelope_format.hpp"
#include "listing.hpp"
#include "name_pattern.hpp"

namespace dividere::detail {

// How long a registry may keep a question for changes.
constexpr std::chrono::milliseconds kWaitForChanges{20'000};
// How long a reply may take besides: the Python package's registry takes a second for each request.
constexpr std::chrono::seconds kRegistryReplyLimit{10};
// A registry that replies at once, however it does, is not asked more often.
constexpr std::chrono::milliseconds kBetweenQuestions{20};
constexpr std::chrono::milliseconds kAfterNothing{1000};
// One that does not tell of changes is asked in the rhythm of leases.
constexpr std::chrono::seconds kAskAgain{5};
constexpr std::chrono::seconds kAskForPatternAgain{60};
// How long services have to register again with a registry that has come back.
constexpr std::chrono::seconds kSettling{5};

void Lookouts::begin(const std::shared_ptr<Lookout>& lookout) {
  for (std::size_t i = 0; i < registries_.size(); ++i) {
    views_.push_back({lookout, i, Clock::now()});
    views_.back().hasBeenUp = registries_[i]->isUp();
  }
}

void Lookouts::end(const std::shared_ptr<Lookout>& lookout) {
  views_.remove_if([&](const View& view) { return view.lookout == lookout; });
}

void Lookouts::changed(std::size_t registry) {
  const auto now = Clock::now();
  const bool isUp = registries_[registry]->isUp();
  for (View& view : views_) {
    if (view.registry != registry) continue;
    view.asked.clear();
    view.after = {};
    view.due = now;
    if (!isUp) view.lostAt = now;
    if (isUp && std::exchange(view.hasBeenUp, true)) view.settledAt = now + kSettling;
  }
}

void Lookouts::ask(View& view, Clock::time_point now) {
  ServiceLookupReq request;
  request.name = request.pattern = view.lookout->pattern;
  request.all = true;
  request.after = view.after;
  request.since = view.revision;
  const bool forChanges = view.revision != 0;
  if (forChanges) request.waitMs = static_cast<std::uint32_t>(kWaitForChanges.count());
  Frame frame{std::string_view(sealEnvelope(request.kType, request.encode()))};
  view.asked = ids_.next();
  if (!registries_[view.registry]->ask(view.asked, frame)) view.asked.clear();
  view.askedAt = now;
  view.due = now + kRegistryReplyLimit;
  view.replyLimit = now + kRegistryReplyLimit + (forChanges ? kWaitForChanges : std::chrono::milliseconds(0));
}

bool Lookouts::take(std::size_t registry, std::string_view id, const Frame& reply) {
  const auto view = std::find_if(views_.begin(), views_.end(),
                                 [&](const View& each) { return each.registry == registry && each.asked == id; });
  if (view == views_.end()) return false;
  const auto now = Clock::now();
  view->asked.clear();
  view->due = now + kAskAgain;
  try {
    takeReply(*view, reply, now);
  } catch (const Error& error) {
    view->after = {};
    warn(*view, error.what());
  }
  return true;
}

void Lookouts::takeReply(View& view, const Frame& frame, Clock::time_point now) {
  const std::string who = "the reply of the registry at " + registries_[view.registry]->endpoint();
  const Envelope envelope = openEnvelope(who, frame.view());
  ServiceLookupRep reply;
  if (envelope.type != reply.kType || !reply.decode(envelope.payload)) throw Error(Errc::malformed, who);
  if (!reply.isListed) return takeOldReply(view, reply, now);
  if (reply.changes && view.revision != 0) return takeChanges(view, reply, now);
  view.revision = 0;
  takePart(view, reply, now);
}

void Lookouts::takeChanges(View& view, const ServiceLookupRep& reply, Clock::time_point now) {
  const NamePattern pattern(view.lookout->pattern);
  for (const ServiceInstance& each : reply.instances) {
    const auto address = addressOf(each, {});
    if (!address || !pattern.matches(address->name)) continue;
    each.gone ? lose(view, placeOf(*address)) : see(view, placeOf(*address), address->kind);
  }
  const bool isEarly = reply.instances.empty() && now - view.askedAt < kWaitForChanges / 2;
  view.revision = reply.revision;
  view.due = std::max(now, view.askedAt + (isEarly ? kAfterNothing : kBetweenQuestions));
}

void Lookouts::takePart(View& view, const ServiceLookupRep& reply, Clock::time_point now) {
  if (view.after.name.empty()) {
    view.list.clear();
    view.listRevision = reply.revision;
  }
  const NamePattern pattern(view.lookout->pattern);
  for (const ServiceInstance& each : reply.instances) {
    const auto address = addressOf(each, {});
    if (address && !each.gone && pattern.matches(address->name)) view.list[placeOf(*address)] = address->kind;
  }
  if (reply.more) {
    view.after = lastListed(view.lookout->who, reply, view.after, view.list.size());
    view.due = now;
    return;
  }
  view.after = {};
  view.revision = view.listRevision;
  view.due = view.revision != 0 ? std::max(now, view.askedAt + kBetweenQuestions) : now + kAskAgain;
  settle(view, now);
}

/// Of a registry that knows exact names only: all instances of one, or one of them.
void Lookouts::takeOldReply(View& view, const ServiceLookupRep& reply, Clock::time_point now) {
  view.after = {};
  view.revision = 0;
  view.list.clear();
  if (NamePattern::hasAsterisk(view.lookout->pattern)) {
    view.due = now + kAskForPatternAgain;
    warn(view, "the registry at " + registries_[view.registry]->endpoint() + " knows exact names only");
  }
  const auto put = [&](const ServiceInstance& each) {
    const auto address = addressOf(each, view.lookout->pattern);
    if (address && address->name == view.lookout->pattern) view.list[placeOf(*address)] = address->kind;
  };
  std::for_each(reply.instances.begin(), reply.instances.end(), put);
  if (reply.instances.empty()) put({reply.server, reply.port});
  settle(view, now);
}

/// The list is whole: it is what is known from now on. A registry that has just come back has yet to hear of some.
void Lookouts::settle(View& view, Clock::time_point now) {
  std::vector<Place> missing;
  for (const auto& [place, kind] : view.known) {
    if (view.list.count(place) == 0) missing.push_back(place);
  }
  for (const Place& place : missing) {
    if (now < view.settledAt) {
      view.fading.insert(place);
    } else {
      lose(view, place);
    }
  }
  for (const auto& [place, kind] : view.list) see(view, place, kind);
  view.list.clear();
}

static registry::ServiceAddress addressAt(const Place& place, const std::string& kind) {
  return {std::get<0>(place), std::get<1>(place), std::get<2>(place), kind};
}

void Lookouts::see(View& view, const Place& place, const std::string& kind) {
  view.fading.erase(place);
  const auto known = view.known.find(place);
  if (known == view.known.end()) {
    if (view.known.size() >= kMostListed) return;
    view.known.emplace(place, kind);
    view.lookout->sightings->add(addressAt(place, kind));
  } else if (known->second != kind) {
    known->second = kind;
    view.lookout->sightings->change(addressAt(place, kind));
  }
}

void Lookouts::lose(View& view, const Place& place) {
  view.fading.erase(place);
  if (view.known.erase(place) > 0) view.lookout->sightings->remove(place);
}

/// Forgets what has not come back in time with its registry, and all that only a registry knows which has not come back
/// while another is there. Returns when there is something to forget again.
Lookouts::Clock::time_point Lookouts::forget(View& view, Clock::time_point now) {
  const bool isUp = registries_[view.registry]->isUp();
  if (isUp && view.settledAt <= now) {
    while (!view.fading.empty()) lose(view, Place(*view.fading.begin()));
  }
  if (isUp) return view.fading.empty() ? Clock::time_point::max() : view.settledAt;
  const bool isAlone = std::none_of(registries_.begin(), registries_.end(), [](Remote* each) { return each->isUp(); });
  if (view.known.empty() || isAlone) return Clock::time_point::max();  // the others' coming is told
  if (now < view.lostAt + kSettling) return view.lostAt + kSettling;
  view.revision = 0;
  while (!view.known.empty()) lose(view, Place(view.known.begin()->first));
  return Clock::time_point::max();
}

void Lookouts::warn(const View& view, const std::string& text) const {
  view.lookout->warnings.log(LogLevel::warning, view.lookout->who, text);
}

Lookouts::Clock::time_point Lookouts::run(Clock::time_point now) {
  auto next = Clock::time_point::max();
  for (View& view : views_) {
    next = std::min(next, forget(view, now));
    if (!registries_[view.registry]->isUp()) continue;  // its coming is told
    if (!view.asked.empty() && view.replyLimit <= now) view.asked.clear();
    if (view.asked.empty() && view.due <= now) ask(view, now);
    next = std::min(next, view.asked.empty() ? view.due : view.replyLimit);
  }
  return next;
}

}  // namespace dividere::detail
