#pragma once

// What a watch knows, and what it has told.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "../../core/detail/bell.hpp"
#include "../address.hpp"

namespace dividere::detail {

/// What tells one instance from another: name, host and port.
using Place = std::tuple<std::string, std::string, std::uint16_t>;

inline Place placeOf(const registry::ServiceAddress& address) { return {address.name, address.server, address.port}; }

/// The instances that are there, as far as registries say so. Tells of each that comes and goes, and of each whose kind
/// changes, in a thread that waits for that. One that comes and goes meanwhile is not told of: so what is not told yet is
/// bounded by what is there.
///
/// Any thread.
class Sightings {
 public:
  using Tell = std::function<void(const registry::ServiceAddress&, bool isThere)>;

  /// `who` is for the log.
  Sightings(std::string who, Tell tell) : who_(std::move(who)), tell_(std::move(tell)) {}

  /// One more registry knows of it.
  void add(const registry::ServiceAddress& address);

  /// A registry that knows of it says another kind.
  void change(const registry::ServiceAddress& address);

  /// One registry less knows of it.
  void remove(const Place& place);

  /// Calls the function until end(), one call at a time and without a lock. What it throws is logged.
  void tellAll();

  /// Nothing is told any more, but a call under way.
  void end();

 private:
  struct Sighting {
    std::size_t registries = 0;  // that know of it
    std::string kind;
    bool isTold = false;  // that it is there, of the kind told
    std::string toldKind;

    bool isThere() const { return registries > 0; }
    bool isNews() const { return isThere() != isTold || (isTold && kind != toldKind); }
  };

  void note(std::map<Place, Sighting>::iterator sighting);
  bool takeNews(registry::ServiceAddress& address, bool& isThere);
  void tell(const registry::ServiceAddress& address, bool isThere) const noexcept;

  const std::string who_;
  const Tell tell_;
  Bell bell_;
  std::atomic<bool> hasEnded_{false};

  std::mutex mutex_;
  std::map<Place, Sighting> all_;  // under mutex_
  std::set<Place> news_;           // under mutex_: those of all_ that are to be told of
  Place last_;                     // under mutex_: told of last
};

}  // namespace dividere::detail
