#pragma once

// The requests a Broker has read and not yet replied to.

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker_request.hpp"
#include "broker_tally.hpp"
#include "waiting_line.hpp"
#include "worker_roster.hpp"

namespace dividere::detail {

/// Knows who has what: each request is in exactly one list, that of those that wait, by their turn, or its
/// worker's. Tells the tally, and has the roster keep its turns. Knows no sockets.
class RequestBook {
 public:
  using Requests = WaitingLine::Requests;
  using TimePoint = Deadline::Clock::time_point;

  /// `mostHeld`: bytes of requests at workers up to which one that is busy is given another.
  RequestBook(WorkerRoster& roster, BrokerTally& tally, std::size_t mostHeld = SIZE_MAX)
      : roster_(roster), tally_(tally), mostHeld_(mostHeld) {}

  /// The request under way with this correlation id, or null.
  BrokerRequest* findRetried(const std::string& correlation);

  /// One that waits, and will have no outcome.
  void forgetWaiting(const BrokerRequest& request);

  /// It waits from its `since` on.
  void add(BrokerRequest&& request);

  // Those that wait:

  bool hasWaiting(Dialect dialect) const { return !waiting(dialect).empty(); }
  BrokerRequest& firstWaiting(Dialect dialect) { return *waiting(dialect).first(); }
  std::size_t waitingCount() const { return typed_.size() + bytes_.size(); }
  std::size_t waitingBytes() const { return waitingBytes_; }

  /// One that has been waiting since before `limit`, taken out.
  std::optional<BrokerRequest> takeOverdue(TimePoint limit);

  /// The first one, taken out.
  BrokerRequest takeFirst(Dialect dialect);

  /// Those whose callers' time has passed, taken out; `next` is when that of another one passes.
  Requests takeExpired(TimePoint now, TimePoint& next);

  /// Whose turn it is to be given this one, or null.
  BrokerWorker* workerFor(const BrokerRequest& request) const;

  // Those at a worker:

  /// The first one that waits goes to this worker.
  void giveFirst(Dialect dialect, BrokerWorker& worker, std::string token, TimePoint now);

  /// The request that this attempt is at; null if it is not this worker's, or not any more.
  BrokerRequest* find(const std::string& token, const BrokerWorker& worker);

  /// That of this attempt, whoever is at it, or null.
  BrokerRequest* findAttempt(const std::string& token);

  /// The request that this attempt was at, taken out; nothing if it is not this worker's, or not any more.
  std::optional<BrokerRequest> finish(const std::string& token, const BrokerWorker& worker);

  /// All that the worker has waits again, at the head.
  void takeBackAll(BrokerWorker& worker, TimePoint now);

  /// What is needed to reply to a request that its worker is still at. It is no retry's request from now on.
  BrokerRequest takeAnswerable(BrokerRequest& request);

  // All of them:

  /// Time that has passed for nobody.
  void forgive(Deadline::Clock::duration pause);

  /// Those without an outcome, taken out.
  Requests takeAll();

 private:
  WaitingLine& waiting(Dialect dialect) { return dialect == Dialect::typed ? typed_ : bytes_; }
  const WaitingLine& waiting(Dialect dialect) const { return dialect == Dialect::typed ? typed_ : bytes_; }
  void forgetCorrelation(const BrokerRequest& request);
  BrokerRequest takeWaiting(Requests::iterator place);
  void waitingChanged(std::size_t bytesMore, std::size_t bytesLess);

  WorkerRoster& roster_;
  BrokerTally& tally_;
  WaitingLine typed_, bytes_;
  const std::size_t mostHeld_;
  std::size_t waitingBytes_ = 0, heldBytes_ = 0;
  std::unordered_map<std::string, Requests::iterator> byToken_;
  std::unordered_map<std::string, Requests::iterator> byCorrelation_;
};

}  // namespace dividere::detail
