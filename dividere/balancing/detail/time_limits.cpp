#include "time_limits.hpp"

#include <utility>

namespace dividere::detail {

void TimeLimits::endOverdue(TimePoint now) {
  constexpr std::chrono::milliseconds noLimit{0};
  if (options_.maxWait > noLimit) endWaits(now - options_.maxWait);
  if (options_.handlerDeadline > noLimit) endAttempts(now - options_.handlerDeadline);
}

void TimeLimits::endWaits(TimePoint limit) {
  while (auto overdue = book_.takeOverdue(limit)) {
    const Errc code = roster_.anyFor(overdue->dialect) ? Errc::overloaded : Errc::noWorker;
    outcomes_.fail(std::move(*overdue), code, "the request has waited too long");
  }
}

// The entry stays, so that the worker is known to be at it.
void TimeLimits::endAttempts(TimePoint limit) {
  for (auto& [id, worker] : roster_.all()) {
    for (BrokerRequest& request : worker.requests) {
      if (request.isAnswered || request.since >= limit) continue;
      outcomes_.fail(book_.takeAnswerable(request), Errc::deadlinePassed, "the worker has not answered in time");
    }
  }
}

}  // namespace dividere::detail
