#include "broker_options.hpp"

#include <algorithm>

#include "../../core/detail/options.hpp"

namespace dividere::detail {

constexpr std::chrono::milliseconds kNoLimit{0};
constexpr int kMostLiveness = 1000000;

balancing::BrokerOptions checked(balancing::BrokerOptions options) {
  const auto require = [](bool met, const char* says) { requireOption(met, "balancing::Broker", says); };
  require(options.heartbeat > kNoLimit, "heartbeat must be positive");
  require(options.liveness >= 1, "liveness must be at least 1");
  require(options.maxAttempts >= 1, "maxAttempts must be at least 1");
  require(options.maxWait >= kNoLimit, "maxWait must not be negative");
  require(options.handlerDeadline >= kNoLimit, "handlerDeadline must not be negative");
  require(options.silentHandlerLimit >= kNoLimit, "silentHandlerLimit must not be negative");
  for (auto* period : {&options.heartbeat, &options.maxWait, &options.handlerDeadline, &options.silentHandlerLimit}) {
    *period = clampedPeriod(*period);
  }
  options.liveness = std::min(options.liveness, kMostLiveness);
  return options;
}

std::chrono::milliseconds tickOf(const balancing::BrokerOptions& options) {
  auto shortest = options.heartbeat;
  for (const auto limit : {options.maxWait, options.handlerDeadline}) {
    if (limit > kNoLimit) shortest = std::min(shortest, limit);
  }
  return std::max(shortest / 4, std::chrono::milliseconds(1));
}

std::chrono::milliseconds silenceLimitOf(const balancing::BrokerOptions& options) {
  return clampedPeriod(options.heartbeat * (1 + options.liveness));
}

}  // namespace dividere::detail
