#pragma once

// Requests that have taken too long.

#include "../../reactor/detail/alarm.hpp"
#include "outcomes.hpp"
#include "request_book.hpp"
#include "streams.hpp"

namespace dividere::detail {

/// Ends the wait for a worker when the caller's time has passed, or after BrokerOptions::maxWait, and that for a worker's
/// reply after BrokerOptions::handlerDeadline.
class TimeLimits {
 public:
  using TimePoint = Deadline::Clock::time_point;

  TimeLimits(const balancing::BrokerOptions& options, ReactorLoop& loop, WorkerRoster& roster, RequestBook& book,
             Streams& streams, Outcomes& outcomes)
      : options_(options), roster_(roster), book_(book), streams_(streams), outcomes_(outcomes), alarm_(loop, [this] {
          endExpired();
        }) {}

  void endOverdue(TimePoint now);

  /// A request waits whose caller's time passes then.
  void expect(TimePoint expires, TimePoint now);

 private:
  void endExpired();
  void endWaits(TimePoint limit);
  void endAttempts(TimePoint limit);

  const balancing::BrokerOptions& options_;
  WorkerRoster& roster_;
  RequestBook& book_;
  Streams& streams_;
  Outcomes& outcomes_;
  TimePoint nextLook_{};
  Alarm alarm_;
};

}  // namespace dividere::detail
