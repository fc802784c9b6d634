#include "request_book.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dividere::detail {

BrokerRequest* RequestBook::findRetried(const std::string& correlation) {
  const auto found = byCorrelation_.find(correlation);
  return found == byCorrelation_.end() ? nullptr : &*found->second;
}

void RequestBook::forgetWaiting(const BrokerRequest& request) {
  takeWaiting(waiting(request.dialect), byCorrelation_.at(request.correlation));
}

void RequestBook::forgetCorrelation(const BrokerRequest& request) {
  if (!request.correlation.empty()) byCorrelation_.erase(request.correlation);
}

void RequestBook::waitingChanged(std::size_t bytesMore, std::size_t bytesLess) {
  waitingBytes_ += bytesMore;
  waitingBytes_ -= bytesLess;
  tally_.setWaiting(waitingCount());
}

void RequestBook::add(BrokerRequest&& request) {
  Requests& queue = waiting(request.dialect);
  queue.push_back(std::move(request));
  BrokerRequest& added = queue.back();
  if (!added.correlation.empty()) byCorrelation_[added.correlation] = std::prev(queue.end());
  waitingChanged(added.size, 0);
}

std::optional<BrokerRequest> RequestBook::takeOverdue(TimePoint limit) {
  for (Requests* queue : {&typed_, &bytes_}) {
    // In the order they came, but for those taken back, at the head.
    auto first = queue->begin();
    while (first != queue->end() && first->attempts > 0 && first->since > limit) ++first;
    if (first == queue->end() || first->since > limit) continue;
    return takeWaiting(*queue, first);
  }
  return std::nullopt;
}

BrokerRequest RequestBook::takeFirst(Dialect dialect) {
  Requests& queue = waiting(dialect);
  return takeWaiting(queue, queue.begin());
}

RequestBook::Requests RequestBook::takeExpired(TimePoint now, TimePoint& next) {
  Requests expired;
  next = TimePoint::max();
  for (auto each = typed_.begin(); each != typed_.end();) {
    const auto place = each++;
    if (place->hasExpired(now)) {
      expired.push_back(takeWaiting(typed_, place));
    } else {
      next = std::min(next, place->expires);
    }
  }
  return expired;
}

BrokerRequest RequestBook::takeWaiting(Requests& queue, Requests::iterator place) {
  forgetCorrelation(*place);
  BrokerRequest taken(std::move(*place));
  queue.erase(place);
  waitingChanged(0, taken.size);
  return taken;
}

// A worker may ask for any number at a time, and reply to none.
BrokerWorker* RequestBook::workerFor(const BrokerRequest& request) const {
  BrokerWorker* const next = roster_.nextFor(request.dialect);
  if (!next || !next->isBusy() || heldBytes_ + request.size <= mostHeld_) return next;
  return roster_.nextIdleFor(request.dialect);
}

void RequestBook::giveFirst(Dialect dialect, BrokerWorker& worker, std::string token, TimePoint now) {
  Requests& queue = waiting(dialect);
  const auto request = queue.begin();
  worker.requests.splice(worker.requests.end(), queue, request);
  byToken_.emplace(token, request);
  request->worker = &worker;
  request->token = std::move(token);
  request->since = now;
  ++request->attempts;
  heldBytes_ += request->size;
  waitingChanged(0, request->size);
  roster_.moveBack(worker);
}

std::optional<BrokerRequest> RequestBook::finish(const std::string& token, const BrokerWorker& worker) {
  const auto found = byToken_.find(token);
  if (found == byToken_.end() || found->second->worker != &worker) return std::nullopt;
  const auto request = found->second;
  byToken_.erase(found);
  heldBytes_ -= request->size;
  if (!request->isAnswered) forgetCorrelation(*request);
  BrokerWorker& its = *request->worker;
  std::optional<BrokerRequest> finished(std::move(*request));
  its.requests.erase(request);
  roster_.relist(its);
  return finished;
}

void RequestBook::takeBackAll(BrokerWorker& worker, TimePoint now) {
  while (!worker.requests.empty()) {
    const auto last = std::prev(worker.requests.end());  // each goes to the head of the queue
    byToken_.erase(last->token);
    heldBytes_ -= last->size;
    if (last->isAnswered) {
      worker.requests.erase(last);
      continue;
    }
    last->worker = nullptr;
    last->since = now;
    Requests& queue = waiting(last->dialect);
    queue.splice(queue.begin(), worker.requests, last);
    tally_.countRedispatched();
    waitingChanged(last->size, 0);
  }
  roster_.relist(worker);
}

BrokerRequest RequestBook::takeAnswerable(BrokerRequest& request) {
  forgetCorrelation(request);
  request.isAnswered = true;
  BrokerRequest answerable;
  answerable.dialect = request.dialect;
  answerable.correlation = request.correlation;
  answerable.route.swap(request.route);
  return answerable;
}

void RequestBook::forgive(Deadline::Clock::duration pause) {
  for (auto& [id, worker] : roster_.all()) {
    for (BrokerRequest& request : worker.requests) request.since += pause;
  }
  for (Requests* queue : {&typed_, &bytes_}) {
    for (BrokerRequest& request : *queue) request.since += pause;
  }
}

RequestBook::Requests RequestBook::takeAll() {
  Requests all;
  for (auto& [id, worker] : roster_.all()) {
    worker.requests.remove_if([](const BrokerRequest& request) { return request.isAnswered; });
    all.splice(all.end(), worker.requests);
    roster_.relist(worker);
  }
  for (Requests* queue : {&typed_, &bytes_}) all.splice(all.end(), *queue);
  byToken_.clear();
  byCorrelation_.clear();
  heldBytes_ = 0;
  waitingChanged(0, waitingBytes_);
  return all;
}

}  // namespace dividere::detail
