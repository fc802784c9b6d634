#include "time_limits.hpp"

#include <algorithm>
#include <utility>

namespace dividere::detail {

void TimeLimits::endOverdue(TimePoint now) {
  constexpr std::chrono::milliseconds noLimit{0};
  if (options_.maxWait > noLimit) endWaits(now - options_.maxWait);
  if (options_.handlerDeadline > noLimit) endAttempts(now - options_.handlerDeadline);
}

// Sooner by half at most, so that a caller cannot have it set again and again.
void TimeLimits::expect(TimePoint expires, TimePoint now) {
  using std::chrono::milliseconds;
  const auto left = std::max(std::chrono::ceil<milliseconds>(expires - now), milliseconds(1));
  milliseconds delay{1};
  while (delay * 2 <= left) delay *= 2;
  alarm_.set(std::max(now + delay, nextLook_));
}

// Looks at all that wait: so not too often.
void TimeLimits::endExpired() {
  constexpr std::chrono::milliseconds pause{100};
  const auto now = Deadline::Clock::now();
  nextLook_ = now + pause;
  TimePoint next;
  for (BrokerRequest& request : book_.takeExpired(now, next)) outcomes_.expire(std::move(request));
  if (next != TimePoint::max()) alarm_.set(std::max(next, nextLook_));
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
      if (request.takesParts) streams_.cancelAtWorker(request);
      outcomes_.fail(book_.takeAnswerable(request), Errc::deadlinePassed, "the worker has not answered in time");
    }
  }
}

}  // namespace dividere::detail
