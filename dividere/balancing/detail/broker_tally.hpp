#pragma once

// The figures of a Broker.

#include <mutex>

#include "../../core/detail/bell.hpp"
#include "../broker.hpp"

namespace dividere::detail {

/// Adds up whenever somebody looks: what was read, has no outcome and does not wait is in flight. Any thread.
class BrokerTally {
 public:
  void countRead();
  void countRedispatched();
  void countLate();
  void countJunk();
  void countExpired();
  void countCancelled();
  void countOutcome(bool isError);

  /// Counts the outcome if `send` says that it is done with. Both in one: a client that has its outcome finds it
  /// counted. Whether it was.
  template <class Send>
  bool countOutcome(bool isError, const Send& send) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!send()) return false;
    ++(isError ? stats_.errors : stats_.replied);
    return true;
  }

  void setWaiting(std::size_t count);
  void setWorkers(std::size_t count);

  balancing::BrokerStats stats() const;
  bool waitForWorkers(std::size_t n, const Deadline& deadline) const;

 private:
  mutable std::mutex mutex_;
  mutable Bell changed_;
  balancing::BrokerStats stats_;  // under mutex_; inFlight is not kept
};

}  // namespace dividere::detail
