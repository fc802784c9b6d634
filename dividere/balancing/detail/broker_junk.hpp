#pragma once

// Messages that a Broker can make nothing of.

#include "../../core/detail/log_line.hpp"
#include "broker_tally.hpp"

namespace dividere::detail {

/// Counts them, and warns once a second.
class BrokerJunk {
 public:
  explicit BrokerJunk(BrokerTally& tally) : tally_(tally) {}

  void drop(const std::string& what) {
    tally_.countJunk();
    warnings_.log(LogLevel::warning, "balancing::Broker", what);
  }

 private:
  BrokerTally& tally_;
  RateLimit warnings_;
};

}  // namespace dividere::detail
