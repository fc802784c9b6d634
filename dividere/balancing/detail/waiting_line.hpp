#pragma once

// Requests that wait for a worker.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>

#include "broker_request.hpp"

namespace dividere::detail {

/// The higher their priority the sooner, those of one in the order they came. But each kFairTurn-th goes to another
/// priority in turn: so all that wait get on, however many of a higher one come.
class WaitingLine {
 public:
  using Requests = std::list<BrokerRequest>;
  using Place = Requests::iterator;
  using Levels = std::map<std::uint32_t, Requests, std::greater<>>;  // by priority

  static constexpr unsigned kFairTurn = 8;

  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_; }

  /// Whose turn it is, where there is one.
  Place first() { return firstLevel()->second.begin(); }

  Place add(BrokerRequest&& request);

  /// The first one goes to the end of these; the turn is the next one's.
  void moveFirst(Requests& to);

  /// One of these comes back, as the first of its priority.
  void putBack(Requests& from, Place place);

  BrokerRequest take(Place place);

  /// Those of each priority.
  Levels& levels() { return levels_; }

  /// All of them, to the end of these.
  void moveAll(Requests& to);

 private:
  Levels::iterator firstLevel();
  void forgetIfEmpty(std::uint32_t priority);

  Levels levels_;  // none without requests but that of 0
  std::size_t count_ = 0;
  unsigned turn_ = 0;
  std::uint32_t lastFair_ = 0;  // the priority that had the last turn of its own
};

}  // namespace dividere::detail
