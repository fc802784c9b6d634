#include "request_book.hpp"

#include <utility>

namespace dividere::detail {

BrokerRequest* RequestBook::findRetried(const std::string& correlation) {
  const auto found = byCorrelation_.find(correlation);
  return found == byCorrelation_.end() ? nullptr : found->second;
}

void RequestBook::add(BrokerRequest&& request) {
  Requests& queue = waiting(request.dialect);
  waitingBytes_ += request.size;
  queue.push_back(std::move(request));
  if (!queue.back().correlation.empty()) byCorrelation_[queue.back().correlation] = &queue.back();
}

bool RequestBook::takeOverdue(TimePoint limit, BrokerRequest& request) {
  for (Requests* queue : {&typed_, &bytes_}) {
    // In the order they came, but for those taken back, at the head.
    auto first = queue->begin();
    while (first != queue->end() && first->attempts > 0 && first->waiting > limit) ++first;
    if (first == queue->end() || first->waiting > limit) continue;
    waitingBytes_ -= first->size;
    byCorrelation_.erase(first->correlation);
    request = std::move(*first);
    queue->erase(first);
    return true;
  }
  return false;
}

void RequestBook::give(Entry request, const std::string& worker, std::string token, TimePoint now) {
  waitingBytes_ -= request->size;
  inFlight_.splice(inFlight_.end(), waiting(request->dialect), request);
  request->worker = worker;
  request->given = now;
  ++request->attempts;
  byToken_.emplace(token, request);
  request->token = std::move(token);
}

bool RequestBook::findGiven(const std::string& token, std::string_view worker, Entry& request) {
  const auto found = byToken_.find(token);
  if (found == byToken_.end() || found->second->worker != worker) return false;
  request = found->second;
  return true;
}

void RequestBook::takeBack(Entry request, TimePoint now) {
  request->waiting = now;
  byToken_.erase(request->token);
  waitingBytes_ += request->size;
  Requests& queue = waiting(request->dialect);
  queue.splice(queue.begin(), inFlight_, request);
}

BrokerRequest RequestBook::remove(Entry request) {
  byToken_.erase(request->token);
  if (!request->isAnswered) byCorrelation_.erase(request->correlation);
  BrokerRequest removed = std::move(*request);
  inFlight_.erase(request);
  return removed;
}

void RequestBook::forgive(Deadline::Clock::duration pause) {
  for (BrokerRequest& request : inFlight_) request.given += pause;
  for (Requests* queue : {&typed_, &bytes_}) {
    for (BrokerRequest& request : *queue) request.waiting += pause;
  }
}

RequestBook::Requests RequestBook::takeWaiting() {
  Requests all;
  for (Requests* queue : {&typed_, &bytes_}) {
    for (const BrokerRequest& request : *queue) byCorrelation_.erase(request.correlation);
    all.splice(all.end(), *queue);
  }
  waitingBytes_ = 0;
  return all;
}

RequestBook::Requests RequestBook::takeInFlight() {
  for (const BrokerRequest& request : inFlight_) {
    if (!request.isAnswered) byCorrelation_.erase(request.correlation);
  }
  byToken_.clear();
  return std::move(inFlight_);
}

}  // namespace dividere::detail
