#pragma once

// Requests that have taken too long.

#include "outcomes.hpp"
#include "request_book.hpp"

namespace dividere::detail {

/// Ends the wait for a worker after BrokerOptions::maxWait, and that for a worker's reply after
/// BrokerOptions::handlerDeadline.
class TimeLimits {
 public:
  using TimePoint = Deadline::Clock::time_point;

  TimeLimits(const balancing::BrokerOptions& options, WorkerRoster& roster, RequestBook& book, Outcomes& outcomes)
      : options_(options), roster_(roster), book_(book), outcomes_(outcomes) {}

  void endOverdue(TimePoint now);

 private:
  void endWaits(TimePoint limit);
  void endAttempts(TimePoint limit);

  const balancing::BrokerOptions& options_;
  WorkerRoster& roster_;
  RequestBook& book_;
  Outcomes& outcomes_;
};

}  // namespace dividere::detail
