#pragma once

// How much a subscriber may ask for.

#include <cstddef>

namespace dividere::detail {

// libzmq keeps topics byte by byte: each byte that no other topic begins with costs a Publisher and the Subscriber some 32
// bytes, and letting go of a topic takes a call within a call for each of its bytes, until the stack ends.

/// The longest topic, in bytes. One of 4 KiB costs up to 128 KiB, and is far from where the stack ends.
constexpr std::size_t kLongestSubscription = 4096;

/// What comes before the topic in a message, at most: ZMTP 3.1's SUBSCRIBE, and room.
constexpr std::size_t kSubscriptionHead = 32;

/// All topics of one connection, in bytes, with kTopicOverhead more for each. They cost a Publisher up to 150 MiB. Behind a
/// forwarder there may be hundreds of thousands.
constexpr std::size_t kMostTopicBytes = 4 << 20;
constexpr std::size_t kTopicOverhead = 8;

/// What a Subscriber's own two topics add to the user's (census.hpp).
constexpr std::size_t kOwnTopicBytes = 128;

}  // namespace dividere::detail
