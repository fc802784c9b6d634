#include "request_book.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dividere::detail {

BrokerRequest* RequestBook::findRetried(const std::string& correlation) {
  const auto found = byCorrelation_.find(correlation);
  return found == byCorrelation_.end() ? nullptr : &*found->second;
}

void RequestBook::forgetWaiting(const BrokerRequest& request) { takeWaiting(byCorrelation_.at(request.correlation)); }

void RequestBook::forgetCorrelation(const BrokerRequest& request) {
  if (!request.correlation.empty()) byCorrelation_.erase(request.correlation);
}

void RequestBook::waitingChanged(std::size_t bytesMore, std::size_t bytesLess) {
  waitingBytes_ += bytesMore;
  waitingBytes_ -= bytesLess;
  tally_.setWaiting(waitingCount());
}

void RequestBook::add(BrokerRequest&& request) {
  const auto added = waiting(request.dialect).add(std::move(request));
  if (!added->correlation.empty()) byCorrelation_[added->correlation] = added;
  waitingChanged(added->size, 0);
}

std::optional<BrokerRequest> RequestBook::takeOverdue(TimePoint limit) {
  for (WaitingLine* line : {&typed_, &bytes_}) {
    for (auto& [priority, queue] : line->levels()) {
      // In the order they came, but for those taken back, at the head.
      auto first = queue.begin();
      while (first != queue.end() && first->attempts > 0 && first->since > limit) ++first;
      if (first == queue.end() || first->since > limit) continue;
      return takeWaiting(first);
    }
  }
  return std::nullopt;
}

BrokerRequest RequestBook::takeFirst(Dialect dialect) { return takeWaiting(waiting(dialect).first()); }

RequestBook::Requests RequestBook::takeExpired(TimePoint now, TimePoint& next) {
  std::vector<Requests::iterator> places;
  next = TimePoint::max();
  for (auto& [priority, queue] : typed_.levels()) {
    for (auto each = queue.begin(); each != queue.end(); ++each) {
      if (each->hasExpired(now)) {
        places.push_back(each);
      } else {
        next = std::min(next, each->expires);
      }
    }
  }
  Requests expired;
  for (const auto place : places) expired.push_back(takeWaiting(place));
  return expired;
}

BrokerRequest RequestBook::takeWaiting(Requests::iterator place) {
  forgetCorrelation(*place);
  BrokerRequest taken = waiting(place->dialect).take(place);
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
  waiting(dialect).moveFirst(worker.requests);
  const auto request = std::prev(worker.requests.end());
  byToken_.emplace(token, request);
  request->worker = &worker;
  request->token = std::move(token);
  request->since = now;
  ++request->attempts;
  if (request->takesParts) ++worker.streams;
  heldBytes_ += request->size;
  waitingChanged(0, request->size);
  roster_.moveBack(worker);
}

BrokerRequest* RequestBook::findAttempt(const std::string& token) {
  const auto found = byToken_.find(token);
  return found == byToken_.end() ? nullptr : &*found->second;
}

BrokerRequest* RequestBook::find(const std::string& token, const BrokerWorker& worker) {
  BrokerRequest* const request = findAttempt(token);
  return request && request->worker == &worker ? request : nullptr;
}

std::optional<BrokerRequest> RequestBook::finish(const std::string& token, const BrokerWorker& worker) {
  const auto found = byToken_.find(token);
  if (found == byToken_.end() || found->second->worker != &worker) return std::nullopt;
  const auto request = found->second;
  byToken_.erase(found);
  heldBytes_ -= request->size;
  if (!request->isAnswered) forgetCorrelation(*request);
  BrokerWorker& its = *request->worker;
  if (request->takesParts) --its.streams;
  std::optional<BrokerRequest> finished(std::move(*request));
  its.requests.erase(request);
  roster_.relist(its);
  return finished;
}

void RequestBook::takeBackAll(BrokerWorker& worker, TimePoint now) {
  worker.streams = 0;
  while (!worker.requests.empty()) {
    const auto last = std::prev(worker.requests.end());  // each goes to the head of the queue
    byToken_.erase(last->token);
    heldBytes_ -= last->size;
    if (last->isAnswered) {
      worker.requests.erase(last);
      continue;
    }
    last->leaveWorker();
    last->since = now;
    waiting(last->dialect).putBack(worker.requests, last);
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
  for (WaitingLine* line : {&typed_, &bytes_}) {
    for (auto& [priority, queue] : line->levels()) {
      for (BrokerRequest& request : queue) request.since += pause;
    }
  }
}

RequestBook::Requests RequestBook::takeAll() {
  Requests all;
  for (auto& [id, worker] : roster_.all()) {
    worker.requests.remove_if([](const BrokerRequest& request) { return request.isAnswered; });
    all.splice(all.end(), worker.requests);
    worker.streams = 0;
    roster_.relist(worker);
  }
  for (WaitingLine* line : {&typed_, &bytes_}) line->moveAll(all);
  byToken_.clear();
  byCorrelation_.clear();
  heldBytes_ = 0;
  waitingChanged(0, waitingBytes_);
  return all;
}

}  // namespace dividere::detail
