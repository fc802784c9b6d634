#include "sightings.hpp"

#include <exception>

#include "../../core/detail/deadline.hpp"
#include "../../core/detail/log_line.hpp"

namespace dividere::detail {

void Sightings::note(std::map<Place, Sighting>::iterator sighting) {
  if (sighting->second.isNews()) {
    news_.insert(sighting->first);
    return bell_.ring();
  }
  news_.erase(sighting->first);
  if (!sighting->second.isThere()) all_.erase(sighting);
}

void Sightings::add(const registry::ServiceAddress& address) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto sighting = all_.try_emplace(placeOf(address)).first;
  ++sighting->second.registries;
  sighting->second.kind = address.kind;
  note(sighting);
}

void Sightings::change(const registry::ServiceAddress& address) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto sighting = all_.find(placeOf(address));
  if (sighting == all_.end()) return;
  sighting->second.kind = address.kind;
  note(sighting);
}

void Sightings::remove(const Place& place) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto sighting = all_.find(place);
  if (sighting == all_.end() || !sighting->second.isThere()) return;
  --sighting->second.registries;
  note(sighting);
}

void Sightings::tellAll() {
  while (!hasEnded_) {
    registry::ServiceAddress address;
    bool isThere = false;
    bell_.wait([&] { return hasEnded_ || takeNews(address, isThere); }, Deadline::never());
    if (!hasEnded_) tell(address, isThere);
  }
}

bool Sightings::takeNews(registry::ServiceAddress& address, bool& isThere) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (news_.empty()) return false;
  // In turn: one that comes and goes all the time keeps none from the others.
  auto next = news_.upper_bound(last_);
  if (next == news_.end()) next = news_.begin();
  const auto sighting = all_.find(last_ = *next);
  news_.erase(next);
  Sighting& its = sighting->second;
  its.isTold = isThere = its.isThere();
  its.toldKind = its.kind;
  std::tie(address.name, address.server, address.port) = sighting->first;
  address.kind = its.kind;
  if (!isThere) all_.erase(sighting);
  return true;
}

void Sightings::tell(const registry::ServiceAddress& address, bool isThere) const noexcept {
  try {
    tell_(address, isThere);
  } catch (const std::exception& error) {
    log(LogLevel::error, who_, std::string("the function threw: ") + error.what());
  } catch (...) {
    log(LogLevel::error, who_, "the function threw something that is no std::exception");
  }
}

void Sightings::end() {
  hasEnded_ = true;
  bell_.ring();
}

}  // namespace dividere::detail
