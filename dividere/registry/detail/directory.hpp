#pragma once

// What a registry knows.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "../../messaging/detail/framework_messages.hpp"
#include "changes.hpp"

namespace dividere::detail {

/// How much a directory holds, and how much it tells at once.
struct DirectoryLimits {
  std::size_t instancesPerName = 1000;
  std::size_t entries = 100'000;
  std::size_t entriesPerHost = 10'000;  // that one address has registered
  std::size_t replyBytes = 60 * 1024;   // of a reply to a look-up, without its envelope
};

/// The instances of each name. One thread. Callers pass the time.
class Directory {
 public:
  using Clock = Deadline::Clock;

  explicit Directory(const DirectoryLimits& limits = {}) : limits_(limits) {}

  /// Registers it for `registrant`, the address that asks for it. Returns why not, in words; nothing if it was taken.
  ///
  /// The same host and port again renews, whoever asks, and always finds room. A peer that knows nothing of instances
  /// has one entry a name: what it registers takes the place of what was there of its kind, on whatever host, so that
  /// a service that went without a word and came back elsewhere leaves nothing behind.
  std::string add(const RegisterService& service, std::string_view registrant, Clock::time_point now);

  /// Whether it was there: name, host and port.
  bool remove(const UnregisterService& service);

  /// One of the instances, each time the next; its host is "unavailable" and its port 0 if there is none. All of them
  /// if the request says so; where they do not fit in a reply as many as do, each time the next. To a request with a
  /// pattern: the part of list() that fits.
  ServiceLookupRep find(const ServiceLookupReq& request, Clock::time_point now);

  /// Forgets what was not renewed in time.
  void expire(Clock::time_point now);

  std::size_t size() const { return size_; }

  /// What has changed: instances that have come, gone, or say something else of themselves.
  const Changes& changes() const { return changes_; }

  /// The changes that a request asks for: those there are by now, as many as fit; none, if there are none yet. Where they
  /// are not known any more: the list, as to a request with a pattern alone.
  ServiceLookupRep changesFor(const ServiceLookupReq& request, Clock::time_point now) const;

 private:
  using Registrants = std::map<std::string, std::size_t, std::less<>>;  // how many entries each has

  struct Instance {
    std::string server;
    std::uint32_t port;
    bool isOneOfMany;
    Clock::time_point leaseEnds;
    Registrants::iterator registrant;
    EndpointTraits traits;
  };
  struct Instances {
    std::vector<Instance> all;  // in the order they came
    std::size_t next = 0;       // whose turn it is
  };

  std::string lackOfRoom(const Instances& instances, const RegisterService& service, std::string_view registrant) const;
  template <class Condition>
  std::size_t erase(const std::string& name, Instances& instances, const Condition& condition);
  void note(const std::string& name, const Instance& instance, bool gone);
  void forgetRegistrant(Registrants::iterator registrant);
  void listAll(Instances& instances, std::size_t turn, ServiceLookupRep& reply) const;
  ServiceLookupRep list(const ServiceLookupReq& request, Clock::time_point now) const;

  const DirectoryLimits limits_;
  std::map<std::string, Instances, std::less<>> byName_;
  Registrants registrants_;
  Changes changes_;
  std::size_t size_ = 0;
};

}  // namespace dividere::detail
