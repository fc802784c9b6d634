#include "worker_roster.hpp"

#include <algorithm>

namespace dividere::detail {

BrokerWorker* WorkerRoster::find(std::string_view id) {
  const auto found = workers_.find(id);
  return found == workers_.end() ? nullptr : &found->second;
}

BrokerWorker& WorkerRoster::add(std::string_view id, Dialect dialect) {
  BrokerWorker& worker = workers_[std::string(id)];
  worker.id = std::string(id);
  worker.dialect = dialect;
  worker.heard = Deadline::Clock::now();
  if (dialect == Dialect::typed) ++typedCount_;
  relist(worker);
  return worker;
}

void WorkerRoster::remove(BrokerWorker& worker) {
  unlist(worker);
  if (worker.dialect == Dialect::typed) --typedCount_;
  workers_.erase(std::string(worker.id));
}

BrokerWorker* WorkerRoster::next(Dialect dialect) const {
  const auto& queue = turns(dialect);
  return queue.empty() ? nullptr : queue.front();
}

std::size_t WorkerRoster::count(Dialect dialect) const {
  return dialect == Dialect::typed ? typedCount_ : workers_.size() - typedCount_;
}

void WorkerRoster::addToken(BrokerWorker& worker, const std::string& token) {
  worker.tokens.push_back(token);
  unlist(worker);  // to the end of the queue, if it has room for more
  relist(worker);
}

void WorkerRoster::removeToken(BrokerWorker& worker, const std::string& token) {
  worker.tokens.erase(std::remove(worker.tokens.begin(), worker.tokens.end(), token), worker.tokens.end());
  relist(worker);
}

void WorkerRoster::relist(BrokerWorker& worker) {
  if (worker.isListed == worker.hasRoom()) return;
  if (worker.isListed) return unlist(worker);
  auto& queue = turns(worker.dialect);
  worker.place = queue.insert(queue.end(), &worker);
  worker.isListed = true;
}

void WorkerRoster::unlist(BrokerWorker& worker) {
  if (!worker.isListed) return;
  turns(worker.dialect).erase(worker.place);
  worker.isListed = false;
}

}  // namespace dividere::detail
