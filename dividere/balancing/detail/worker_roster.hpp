#pragma once

// The workers a Broker takes for alive.

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "dialect.hpp"

namespace dividere::detail {

struct BrokerWorker {
  std::string id;
  Dialect dialect = Dialect::bytes;
  std::size_t capacity = 1;     // requests at a time
  bool beatsWhileBusy = false;  // its silence means death even while it works
  int connection = -1;          // by which it was heard last
  bool isGone = false;          // its connection has ended; it may have been heard by another since
  Deadline::Clock::time_point heard{};
  Deadline::Clock::time_point lost{};   // when it was found gone
  Deadline::Clock::time_point asked{};  // when it was last asked for a sign of life
  int asksUnanswered = 0;
  std::vector<std::string> tokens;  // of the requests it has, in the order it got them

  bool isBusy() const { return !tokens.empty(); }
  bool hasRoom() const { return !isGone && tokens.size() < capacity; }

  // Where it stands among those that can take a request.
  bool isListed = false;
  std::list<BrokerWorker*>::iterator place{};
};

/// Who is there, and whose turn it is: those with room wait in the order in which they got it.
class WorkerRoster {
 public:
  BrokerWorker* find(std::string_view id);
  BrokerWorker& add(std::string_view id, Dialect dialect);
  void remove(BrokerWorker& worker);

  /// The next in turn, or null.
  BrokerWorker* next(Dialect dialect) const;

  std::size_t count() const { return workers_.size(); }
  std::size_t count(Dialect dialect) const;

  void addToken(BrokerWorker& worker, const std::string& token);
  void removeToken(BrokerWorker& worker, const std::string& token);

  /// Its room or dialect has changed.
  void relist(BrokerWorker& worker);

  std::map<std::string, BrokerWorker, std::less<>>& all() { return workers_; }

 private:
  std::list<BrokerWorker*>& turns(Dialect dialect) { return dialect == Dialect::typed ? typed_ : bytes_; }
  const std::list<BrokerWorker*>& turns(Dialect dialect) const { return dialect == Dialect::typed ? typed_ : bytes_; }
  void unlist(BrokerWorker& worker);

  std::map<std::string, BrokerWorker, std::less<>> workers_;
  std::list<BrokerWorker*> typed_, bytes_;
  std::size_t typedCount_ = 0;
};

}  // namespace dividere::detail
