#pragma once

// What a name service knows.

#include <map>
#include <string>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "../../messaging/detail/framework_messages.hpp"

namespace dividere::detail {

/// The instances of each name. One thread; the time is always told.
class Directory {
 public:
  using Clock = Deadline::Clock;

  /// Whether it was taken: a service has a name, a server and a port.
  ///
  /// The same server and port again renews. A peer that knows nothing of instances has one entry a name: what it
  /// registers takes the place of what was there of its kind, on whatever server, so that a service that went
  /// without a word and came back elsewhere leaves nothing behind.
  bool add(const RegisterService& service, Clock::time_point now);

  /// Whether it was there: name, server and port.
  bool remove(const UnregisterService& service);

  /// One of the instances, each time the next; its server is "unavailable" and its port 0 if there is none.
  ServiceLookupRep find(const ServiceLookupReq& request, Clock::time_point now);

  /// Forgets what was not renewed in time.
  void expire(Clock::time_point now);

  std::size_t size() const { return size_; }

 private:
  struct Instance {
    std::string server;
    std::uint32_t port;
    bool isOneOfMany;
    Clock::time_point leaseEnds;
  };
  struct Instances {
    std::vector<Instance> all;  // in the order they came
    std::size_t next = 0;       // whose turn it is
  };

  template <class Condition>
  std::size_t erase(Instances& instances, const Condition& condition);

  std::map<std::string, Instances, std::less<>> byName_;
  std::size_t size_ = 0;
};

}  // namespace dividere::detail
