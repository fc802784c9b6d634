#include "worker_roster.hpp"

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
  tally_.setWorkers(count());
  return worker;
}

void WorkerRoster::remove(BrokerWorker& worker) {
  unlist(worker);
  forgetConnection(worker);
  if (worker.dialect == Dialect::typed) --typedCount_;
  workers_.erase(std::string(worker.id));
  tally_.setWorkers(count());
}

BrokerWorker* WorkerRoster::next(Dialect dialect) const {
  const auto& queue = turns(dialect);
  return queue.empty() ? nullptr : queue.front();
}

BrokerWorker* WorkerRoster::nextFor(Dialect request) const { return next(dialectFor(request)); }

BrokerWorker* WorkerRoster::nextIdleFor(Dialect request) const {
  for (BrokerWorker* worker : turns(dialectFor(request))) {
    if (!worker->isBusy()) return worker;
  }
  return nullptr;
}

Dialect WorkerRoster::dialectFor(Dialect request) const {
  return request == Dialect::typed && count(Dialect::typed) > 0 ? Dialect::typed : Dialect::bytes;
}

bool WorkerRoster::anyFor(Dialect request) const {
  return request == Dialect::typed ? count() > 0 : count(request) > 0;
}

std::size_t WorkerRoster::count(Dialect dialect) const {
  return dialect == Dialect::typed ? typedCount_ : workers_.size() - typedCount_;
}

void WorkerRoster::relist(BrokerWorker& worker) {
  if (worker.isListed == worker.hasRoom()) return;
  if (worker.isListed) return unlist(worker);
  auto& queue = turns(worker.dialect);
  worker.place = queue.insert(queue.end(), &worker);
  worker.isListed = true;
}

void WorkerRoster::moveBack(BrokerWorker& worker) {
  unlist(worker);
  relist(worker);
}

void WorkerRoster::unlist(BrokerWorker& worker) {
  if (!worker.isListed) return;
  turns(worker.dialect).erase(worker.place);
  worker.isListed = false;
}

void WorkerRoster::heardBy(BrokerWorker& worker, Frame& frame) {
  forgetConnection(worker);
  worker.connection = ConnectionMark(frame);
  byDescriptor_.emplace(worker.connection.descriptor(), &worker);
}

void WorkerRoster::forgetConnection(BrokerWorker& worker) {
  const auto same = byDescriptor_.equal_range(worker.connection.descriptor());
  for (auto each = same.first; each != same.second; ++each) {
    if (each->second != &worker) continue;
    byDescriptor_.erase(each);
    return;
  }
}

std::vector<std::string> WorkerRoster::heardBy(int descriptor) const {
  std::vector<std::string> ids;
  const auto same = byDescriptor_.equal_range(descriptor);
  for (auto each = same.first; each != same.second; ++each) ids.push_back(each->second->id);
  return ids;
}

void WorkerRoster::forgive(Deadline::Clock::duration pause) {
  for (auto& [id, worker] : workers_) worker.heard += pause;
}

std::vector<std::string> WorkerRoster::ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, worker] : workers_) ids.push_back(id);
  return ids;
}

}  // namespace dividere::detail
