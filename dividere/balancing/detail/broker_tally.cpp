#include "broker_tally.hpp"

namespace dividere::detail {

void BrokerTally::countRead() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++stats_.read;
}

void BrokerTally::countRedispatched() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++stats_.redispatched;
}

void BrokerTally::countLate() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++stats_.late;
}

void BrokerTally::countRefused() {
  if (front_) front_->refused.add(1);
}

void BrokerTally::countJunk() {
  if (front_) front_->refused.add(1);
  std::lock_guard<std::mutex> lock(mutex_);
  ++stats_.junk;
}

void BrokerTally::countExpired() {
  if (front_) front_->expired.add(1);
  std::lock_guard<std::mutex> lock(mutex_);
  ++stats_.expired;
}

void BrokerTally::countCancelled() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++stats_.cancelled;
}

void BrokerTally::countOutcome(bool isError) {
  countOutcome(isError, [] { return true; });
}

void BrokerTally::setWaiting(std::size_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  stats_.waiting = count;
}

void BrokerTally::setWorkers(std::size_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  stats_.workers = count;
  changed_.ring();
}

balancing::BrokerStats BrokerTally::stats() const {
  std::lock_guard<std::mutex> lock(mutex_);
  balancing::BrokerStats stats = stats_;
  stats.inFlight =
      static_cast<std::size_t>(stats.read - stats.replied - stats.errors - stats.cancelled) - stats.waiting;
  return stats;
}

bool BrokerTally::waitForWorkers(std::size_t n, const Deadline& deadline) const {
  const auto areThere = [&] {
    const std::lock_guard<std::mutex> lock(mutex_);
    return stats_.workers >= n;
  };
  return changed_.wait(areThere, deadline);
}

}  // namespace dividere::detail
