#pragma once

// How watches are kept up to date.

#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../core/detail/log_line.hpp"
#include "../../messaging/detail/correlation.hpp"
#include "../../messaging/detail/framework_messages.hpp"
#include "../../reactor/detail/remote.hpp"
#include "sightings.hpp"

namespace dividere::detail {

/// What is looked out for, from begin() to end(), and who is told.
struct Lookout {
  std::string who;  // whom this speaks for, in the log: as in "registry::Client: watch 'camera.*'"
  std::string pattern;
  std::shared_ptr<Sightings> sightings;
  RateLimit warnings = {};
};

/// Asks every registry what matches a pattern, and then for what changes: a registry replies when something has. One that
/// cannot is asked again and again, every 5 s. What a registry knew counts on while it is away, and for a while after it
/// has come back, until its services have registered again.
///
/// All in the loop's thread.
class Lookouts {
 public:
  using Clock = Deadline::Clock;

  Lookouts(const std::vector<Remote*>& registries, CorrelationIds& ids) : registries_(registries), ids_(ids) {}

  void begin(const std::shared_ptr<Lookout>& lookout);
  void end(const std::shared_ptr<Lookout>& lookout);

  /// A registry has come or gone.
  void changed(std::size_t registry);

  /// Whether it was the reply to a question of these.
  bool take(std::size_t registry, std::string_view id, const Frame& reply);

  /// Does what is due. Returns when there is something to do again.
  Clock::time_point run(Clock::time_point now);

 private:
  /// One lookout's view of one registry.
  struct View {
    std::shared_ptr<Lookout> lookout;
    std::size_t registry;
    Clock::time_point due;  // when it is asked, if no reply is outstanding

    std::string asked = {};  // the id of the question
    Clock::time_point askedAt = {};
    Clock::time_point replyLimit = {};

    std::uint64_t revision = 0;              // that is known; 0: the list is asked for
    std::uint64_t listRevision = 0;          // of the list that comes in parts
    ServiceInstance after = {};              // the last of the parts that have come
    std::map<Place, std::string> list = {};  // those parts, with kinds

    std::map<Place, std::string> known = {};  // what is there, with kinds
    std::set<Place> fading = {};  // of these: not listed since the registry came back; they count till settledAt
    bool hasBeenUp = false;
    Clock::time_point settledAt = {};  // from then on lists are whole
    Clock::time_point lostAt = {};     // when the registry went
  };

  void ask(View& view, Clock::time_point now);
  void takeReply(View& view, const Frame& reply, Clock::time_point now);
  void takeChanges(View& view, const ServiceLookupRep& reply, Clock::time_point now);
  void takePart(View& view, const ServiceLookupRep& reply, Clock::time_point now);
  void takeOldReply(View& view, const ServiceLookupRep& reply, Clock::time_point now);
  void settle(View& view, Clock::time_point now);
  void see(View& view, const Place& place, const std::string& kind);
  void lose(View& view, const Place& place);
  Clock::time_point forget(View& view, Clock::time_point now);
  void warn(const View& view, const std::string& text) const;

  const std::vector<Remote*>& registries_;
  CorrelationIds& ids_;
  std::list<View> views_;
};

}  // namespace dividere::detail
