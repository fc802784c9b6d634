#pragma once

// The workers a Broker takes for alive.

#include <list>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "../../connection/detail/connection_mark.hpp"
#include "../../core/detail/deadline.hpp"
#include "broker_request.hpp"
#include "broker_tally.hpp"
#include "dialect.hpp"
#include "worker_offers.hpp"

namespace dividere::detail {

struct BrokerWorker {
  std::string id;
  Dialect dialect = Dialect::bytes;
  std::size_t capacity = 1;           // requests at a time
  std::uint32_t features = 0;         // bits of Feature
  WorkerOffer offer;                  // what it handles; null: it has not said
  bool beatsWhileBusy = false;        // its silence means death even while it works
  ConnectionMark connection;          // by which it was heard last
  std::size_t streams = 0;            // requests that it has whose clients take parts
  bool isGone = false;                // its connection has ended; it may have been heard by another since
  std::list<BrokerRequest> requests;  // what it has, in the order it was given: RequestBook's alone to change
  Deadline::Clock::time_point heard{};
  Deadline::Clock::time_point lost{};   // when it was found gone
  Deadline::Clock::time_point asked{};  // when it was last asked for a sign of life
  int asksUnanswered = 0;
  int asksBefore = 0;  // those that were without a reply when it was given its last request
  int freeSigns = 0;   // signs of life since then that reply to none of these

  bool isBusy() const { return !requests.empty(); }
  bool hasRoom() const { return !isGone && requests.size() < capacity; }

  /// Whether its silence says nothing.
  bool cannotSpeak() const { return isBusy() && !beatsWhileBusy; }

  // Where it stands among those that can take a request.
  bool isListed = false;
  std::list<BrokerWorker*>::iterator place{};
};

/// Who is there, and whose turn it is: those with room wait in the order in which they got it.
class WorkerRoster {
 public:
  using Workers = std::map<std::string, BrokerWorker, std::less<>>;

  /// The tally is told how many there are.
  explicit WorkerRoster(BrokerTally& tally) : tally_(tally) {}

  BrokerWorker* find(std::string_view id);
  BrokerWorker& add(std::string_view id, Dialect dialect);
  void remove(BrokerWorker& worker);

  /// The next in turn, or null.
  BrokerWorker* next(Dialect dialect) const;

  /// The next in turn for a request of this dialect, or null: envelopes go to byte workers if there are no typed ones.
  BrokerWorker* nextFor(Dialect request) const;

  /// The same, but one that has nothing.
  BrokerWorker* nextIdleFor(Dialect request) const;

  /// Whether there are workers for it, with room or without.
  bool anyFor(Dialect request) const;

  std::size_t count() const { return workers_.size(); }
  std::size_t count(Dialect dialect) const;

  /// Its room has changed.
  void relist(BrokerWorker& worker);

  /// It was given a request: the others are next.
  void moveBack(BrokerWorker& worker);

  /// It was heard by the connection that brought this frame, a short one.
  void heardBy(BrokerWorker& worker, Frame& frame);

  /// The ids of those last heard by a connection of this descriptor.
  std::vector<std::string> heardBy(int descriptor) const;

  /// Time in which nobody could be heard.
  void forgive(Deadline::Clock::duration pause);

  std::vector<std::string> ids() const;
  Workers& all() { return workers_; }

 private:
  std::list<BrokerWorker*>& turns(Dialect dialect) { return dialect == Dialect::typed ? typed_ : bytes_; }
  const std::list<BrokerWorker*>& turns(Dialect dialect) const { return dialect == Dialect::typed ? typed_ : bytes_; }
  Dialect dialectFor(Dialect request) const;
  void unlist(BrokerWorker& worker);
  void forgetConnection(BrokerWorker& worker);

  BrokerTally& tally_;
  Workers workers_;
  std::unordered_multimap<int, BrokerWorker*> byDescriptor_;
  std::list<BrokerWorker*> typed_, bytes_;
  std::size_t typedCount_ = 0;
};

}  // namespace dividere::detail
