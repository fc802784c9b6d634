#pragma once

// Look-ups whose reply waits for a change.

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>

#include "../../connection/dealer.hpp"
#include "directory.hpp"

namespace dividere::detail {

/// Keeps such look-ups until something has changed of what they ask for, or their time is up. Bounded, in all and for each
/// host. One thread. Callers pass the time.
class ParkedLookups {
 public:
  using Clock = Deadline::Clock;

  /// Keeps a request of this route and from this address, with `since` at what was looked at in vain. False if there is no
  /// room for it: then it is to be replied to at once.
  bool add(const connection::Route& route, const ServiceLookupReq& request, std::string_view asker,
           Clock::time_point now);

  /// Calls `send(route, reply)` for those that have waited long enough, and forgets them.
  template <class Send>
  void serve(const Directory& directory, Clock::time_point now, const Send& send) {
    for (auto it = parked_.begin(); it != parked_.end();) {
      const ServiceLookupRep reply = directory.changesFor(it->request, now);
      if (reply.changes && reply.instances.empty() && it->due > now) {
        it->request.since = reply.revision;  // no change is looked at twice
        ++it;
        continue;
      }
      send(it->route, reply);
      it = forget(it);
    }
  }

  bool isEmpty() const { return parked_.empty(); }

 private:
  using Askers = std::map<std::string, std::size_t, std::less<>>;  // how many look-ups each has here

  struct Parked {
    connection::Route route;
    ServiceLookupReq request;
    Clock::time_point due;
    Askers::iterator asker;
  };

  std::list<Parked>::iterator forget(std::list<Parked>::iterator parked);

  std::list<Parked> parked_;
  Askers askers_;
};

}  // namespace dividere::detail
