#pragma once

// The instances of a service that a client is connected to.

#include <list>
#include <random>
#include <string>
#include <utility>

#include "../../core/detail/log_line.hpp"
#include "../../messaging/detail/framework_messages.hpp"
#include "../../reactor/detail/call_desk.hpp"

namespace dividere::detail {

/// One instance, and what is known of it.
struct Instance : Responder {
  std::string server;
  std::uint32_t port = 0;
  std::string publicKey;
  Deadline::Clock::time_point since{};  // when it was connected to
  bool isListed = true;                 // the registry knew of it when it was last asked
  bool isLeaving = false;               // it says that it is stopping

  bool isThere() const { return remote->isUp() && !isLeaving; }

  /// Nobody needs it to stay: it has no call.
  bool isIdle() const { return calls == 0 && !isAttended; }
};

/// Connects to what the registry lists, chooses who is called next, and lets go of what is gone. No more than a number
/// of them: a registry may list any number, some of which nobody has started. Where it lists more, those are connected to
/// by chance, and one that keeps silent or cannot be reached makes room for another each time.
///
/// All in the loop's thread. Knows nothing of calls but how many an instance has.
class Instances {
 public:
  using Clock = Deadline::Clock;

  Instances(std::string service, std::size_t most, ReactorLoop& loop, Remote::Owner& owner,
            const connection::SocketOptions& options)
      : service_(std::move(service)), most_(most), loop_(loop), owner_(owner), options_(options) {}

  /// What the registry says. In the loop's own thread.
  void list(const ServiceLookupRep& reply, Clock::time_point now);

  /// The one that is called next, not this one, null if none is there and has room: one that is listed and not silent if there is such a one, with
  /// few calls; of equals, the one that was called longest ago.
  Instance* choose(const Responder* butNot);

  /// Null if it is none of these any more.
  Instance* find(const Remote& remote);

  /// Lets go of those that are not listed and have no call. In the loop's own thread.
  void prune();

  /// Calls `use` with each that the registry knows of and that is not stopping.
  template <class Use>
  void forEach(const Use& use) {
    for (Instance& each : all_) {
      if (each.isListed && !each.isLeaving) use(each);
    }
  }

  bool isEmpty() const { return all_.empty(); }

  /// Whether there is one to be called.
  bool hasAny() const;

  /// Whether there are some, and none of them lets this side's key in.
  bool areAllRefused();

  /// Whether there is one whose features are not known.
  bool hasUnknown() const;

 private:
  Instance* at(const ServiceInstance& place);
  bool isUsable(const ServiceInstance& place);
  void warn(const std::string& text);
  void connectTo(const ServiceInstance& place, Clock::time_point now);
  void makeRoom(std::size_t wanted, Clock::time_point now);

  const std::string service_;
  const std::size_t most_;
  ReactorLoop& loop_;
  Remote::Owner& owner_;
  const connection::SocketOptions options_;

  std::list<Instance> all_;  // those that were called longest ago first
  RateLimit warnings_;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace dividere::detail
