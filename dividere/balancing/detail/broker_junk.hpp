#pragma once

// Messages that a Broker can make nothing of.

#include <cstdint>
#include <string>
#include <string_view>

#include "../../core/detail/log_line.hpp"
#include "broker_tally.hpp"
#include "dialect.hpp"

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

/// Knows workers that are connected to the front port, and says so.
class MisplacedWorkers {
 public:
  MisplacedWorkers(std::uint16_t frontPort, std::uint16_t backPort) : frontPort_(frontPort), backPort_(backPort) {}

  /// Whether this, come to the front port without a route, is a worker's signal for certain. A single byte is more likely
  /// one than a request of one byte: that is only said.
  bool isOne(std::string_view payload) {
    if (quickKindOf(payload) == Signal::Kind::none) return false;
    warnings_.log(LogLevel::warning, "balancing::Broker",
                  "a worker seems to be connected to the front port " + std::to_string(frontPort_) +
                      ", which is for clients: workers connect to the back port " + std::to_string(backPort_));
    return payload.size() > 1;
  }

 private:
  const std::uint16_t frontPort_, backPort_;
  RateLimit warnings_;
};

}  // namespace dividere::detail
