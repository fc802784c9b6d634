#pragma once

// The figures of a Broker.

#include <mutex>

#include "../../connection/detail/socket_tally.hpp"
#include "../../core/detail/bell.hpp"
#include "../broker.hpp"

namespace dividere::detail {

/// Adds up whenever somebody looks: what was read, has no outcome and does not wait is in flight. Any thread.
class BrokerTally {
 public:
  /// Counts in the line of the front's socket, too. Before anything is counted; what is counted there is so while the socket
  /// lives.
  void showIn(SocketTally& front) { front_ = &front; }

  void countRead();
  void countRedispatched();
  void countLate();
  void countJunk();
  void countRefused();  // a request, because there are too many
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
  SocketTally* front_ = nullptr;  // the loop's thread alone
  balancing::BrokerStats stats_;  // under mutex_; inFlight is not kept
};

}  // namespace dividere::detail
