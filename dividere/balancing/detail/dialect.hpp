#pragma once

// What brokers and workers say to each other, in both dialects (doc/wire.md).

#include <cstdint>
#include <string>
#include <string_view>

#include "../../connection/detail/frame.hpp"
#include "../../messaging/detail/call_fields.hpp"

namespace dividere::detail {

enum class Dialect { bytes, typed };

/// What a broker of this version passes on, of what Feature says.
constexpr std::uint32_t kBrokerFeatures = kCancelFeature | kPartsFeature;

/// What it understands at its front.
constexpr std::uint32_t kFrontFeatures = kBrokerFeatures | kDescribeFeature;

/// What it understands between itself and workers.
constexpr std::uint32_t kBackFeatures = kBrokerFeatures | kCallerFeature;

/// A message without a route, from a worker or from a broker.
struct Signal {
  enum class Kind {
    registration,  // bytes: 0x01
    heartbeat,     // bytes: 0x02; typed: an enveloped Heartbeat, by which a worker registers too
    none           // something else
  };
  Kind kind = Kind::none;
  Dialect dialect = Dialect::bytes;

  // Typed, and of this library: in fields that old peers skip.
  std::uint32_t capacity = 0;   // requests the worker takes at a time; not 0: it gives signs of life while it works
  bool isRegistration = false;  // the connection is new: whatever the worker was given before is lost
  std::uint32_t features = 0;   // bits of Feature: what it understands beyond requests and replies
  bool isGoodbye = false;       // the worker takes no more, and has replied to all it will
};

/// None, if it is longer than kLongestSignal.
Signal readSignal(std::string_view bytes);
constexpr std::size_t kLongestSignal = 1024;

/// The same by the first bytes alone, in a fraction of the time: whether this looks like a worker's signal, and which.
Signal::Kind quickKindOf(std::string_view bytes);

/// As readSignal() reads it; `id` is the worker's routing id, or the broker's name.
std::string writeSignal(const Signal& signal, std::string_view id);

/// Whether the bytes have the form of a msgEnvelope; the payload's type is not looked at.
bool looksLikeEnvelope(std::string_view bytes);

/// The frame in front of a request on its way to a worker, and of the reply on its way back: names one attempt at one
/// request. To a worker it is the client's id, which it hands back untouched.
class AttemptToken {
 public:
  AttemptToken();
  std::string next();

  /// Whether a route's first frame was made by a broker of this library.
  static bool isOurs(std::string_view frame);

  /// The same of one that has a Caller behind it.
  static bool isOursWithCaller(std::string_view frame);
  static constexpr std::size_t kLength = 25;

 private:
  std::string prefix_;  // with random bytes: replies to an earlier life of the broker are not mistaken
  std::uint64_t number_ = 0;
};

/// Whose request it is, as a broker tells a worker behind the token; nobody, if the bytes are no Caller.
std::string writeCaller(const Peer& caller);
Peer readCaller(std::string_view bytes);

/// Whether the frame was put in front of a request by a caller of this library, of whatever version.
bool isCorrelationId(std::string_view frame);

}  // namespace dividere::detail
