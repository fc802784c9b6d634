#pragma once

// What is made of a Broker's options.

#include "../broker.hpp"

namespace dividere::detail {

/// The options, with periods that the clock can count. Throws Error{invalid_argument} if they make no sense.
balancing::BrokerOptions checked(balancing::BrokerOptions options);

/// How often to look at the time: four times in the shortest of the periods that somebody waits for.
std::chrono::milliseconds tickOf(const balancing::BrokerOptions& options);

/// How long a worker may be silent that could speak.
std::chrono::milliseconds silenceLimitOf(const balancing::BrokerOptions& options);

}  // namespace dividere::detail
