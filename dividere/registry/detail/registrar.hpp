#pragma once

// What keeps services registered.

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../../core/detail/latch.hpp"
#include "../../messaging/detail/correlation.hpp"
#include "../../messaging/detail/framework_messages.hpp"
#include "../../reactor/detail/remote.hpp"

namespace dividere::detail {

/// The most that the message's field can say: 49 days.
constexpr std::chrono::milliseconds kLongestLease{UINT32_MAX};

/// One service that every registry of a list is told of, from begin() to end().
struct Registration {
  std::string who;  // whom this speaks for, in the log: as in "service::Service 'demo.Echo'"
  ServiceAt service;
  EndpointTraits traits;
  std::chrono::milliseconds lease{};  // at most kLongestLease
  std::chrono::milliseconds jitter{};

  Latch known;      // a registry has acknowledged it
  Latch forgotten;  // every registry that was there at its end has acknowledged that too
};

/// Registers each service with each registry as soon as that is there, and again when it has been away or asks for it;
/// renews leases. All in the loop's thread.
class Registrar {
 public:
  using Clock = Deadline::Clock;

  Registrar(const std::vector<Remote*>& registries, CorrelationIds& ids) : registries_(registries), ids_(ids) {}

  void begin(const std::shared_ptr<Registration>& registration);
  void end(const std::shared_ptr<Registration>& registration);

  /// A registry has come or gone.
  void changed(std::size_t registry);

  /// A registry has asked for all to register again.
  void registerAgain(std::size_t registry);

  /// Whether it was the reply to a request of these.
  bool take(std::size_t registry, std::string_view id, const Frame& reply);

  /// Does what is due. Returns when there is something to do again.
  Clock::time_point run(Clock::time_point now);

 private:
  /// One service in one registry.
  struct Entry {
    std::shared_ptr<Registration> registration;
    std::size_t registry;
    Clock::time_point due;
    std::string asked = {};  // the id of the registration that is not acknowledged yet
    bool hasBeenKnown = false;
  };

  /// Unregistrations of one service that are not acknowledged yet.
  struct Farewell {
    std::shared_ptr<Registration> registration;
    std::size_t registry;
    std::string asked;
  };

  void registerNow(Entry& entry, Clock::time_point now);
  void acknowledge(Entry& entry, const Frame& reply);
  void unregister(const Entry& entry);
  void farewellEnded(const std::shared_ptr<Registration>& registration);

  const std::vector<Remote*>& registries_;
  CorrelationIds& ids_;
  std::list<Entry> entries_;
  std::list<Farewell> farewells_;
};

}  // namespace dividere::detail
