#pragma once

// The requests a Broker has read and not yet answered.

#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "../../connection/detail/frame.hpp"
#include "../../core/detail/deadline.hpp"
#include "dialect.hpp"

namespace dividere::detail {

/// A request from the moment it is read to its outcome.
struct BrokerRequest {
  std::vector<Frame> route;  // the client's id, and whatever came with it in front of the payload
  Frame payload;
  Dialect dialect = Dialect::bytes;
  std::string correlation;                // empty if it came without
  std::size_t size = 0;                   // bytes of all its frames, as it was read
  Deadline::Clock::time_point waiting{};  // since when

  // In flight only.
  std::string token;
  std::string worker;
  Deadline::Clock::time_point given{};
  int attempts = 0;         // times it was given to a worker
  int deaths = 0;           // of workers that had it at hand
  bool isAnswered = false;  // the client has its outcome; the worker is not done yet

  std::string_view client() const { return route.front().view(); }
};

/// Where each of them is: waiting, in the order they came, or in flight at a worker. Knows no sockets.
class RequestBook {
 public:
  using Requests = std::list<BrokerRequest>;
  using Entry = Requests::iterator;
  using TimePoint = Deadline::Clock::time_point;

  /// The request under way with this correlation id, or null.
  BrokerRequest* findRetried(const std::string& correlation);

  void add(BrokerRequest&& request);

  bool hasWaiting(Dialect dialect) const { return !waiting(dialect).empty(); }
  Entry firstWaiting(Dialect dialect) { return waiting(dialect).begin(); }
  std::size_t waitingCount() const { return typed_.size() + bytes_.size(); }
  std::size_t waitingBytes() const { return waitingBytes_; }

  /// One that has been waiting since before `limit`, taken out.
  bool takeOverdue(TimePoint limit, BrokerRequest& request);

  void give(Entry request, const std::string& worker, std::string token, TimePoint now);

  /// The request that this attempt is at, if it is still this worker's.
  bool findGiven(const std::string& token, std::string_view worker, Entry& request);

  /// It goes back to the head of those waiting.
  void takeBack(Entry request, TimePoint now);

  BrokerRequest remove(Entry request);

  Requests& inFlight() { return inFlight_; }

  /// Time that has passed for nobody.
  void forgive(Deadline::Clock::duration pause);

  /// Another request may bear its correlation id from now on.
  void forgetCorrelation(const BrokerRequest& request) { byCorrelation_.erase(request.correlation); }

  /// All of them, taken out.
  Requests takeWaiting();
  Requests takeInFlight();

 private:
  Requests& waiting(Dialect dialect) { return dialect == Dialect::typed ? typed_ : bytes_; }
  const Requests& waiting(Dialect dialect) const { return dialect == Dialect::typed ? typed_ : bytes_; }

  Requests typed_, bytes_;  // waiting
  Requests inFlight_;
  std::size_t waitingBytes_ = 0;
  std::unordered_map<std::string, Entry> byToken_;
  std::unordered_map<std::string, BrokerRequest*> byCorrelation_;
};

}  // namespace dividere::detail
