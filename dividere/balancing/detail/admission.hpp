#pragma once

// Requests as they come from clients.

#include <optional>

#include "broker_junk.hpp"
#include "outcomes.hpp"
#include "request_book.hpp"
#include "streams.hpp"
#include "time_limits.hpp"

namespace dividere::detail {

/// Enters what clients send into the book, unless it is junk, a retry of what is there already, or too much.
class Admission {
 public:
  /// `isKeyed`: clients have keys.
  Admission(const balancing::BrokerOptions& options, RequestBook& book, Streams& streams, Outbox& outbox,
            Outcomes& outcomes, TimeLimits& limits, BrokerJunk& junk, MisplacedWorkers& misplaced, bool isKeyed)
      : options_(options),
        book_(book),
        streams_(streams),
        outbox_(outbox),
        outcomes_(outcomes),
        limits_(limits),
        junk_(junk),
        misplaced_(misplaced),
        isKeyed_(isKeyed) {}

  /// The tally is told of each request that is read.
  void take(Multipart& message, BrokerTally& tally);

  /// From now on requests are refused with Errc::stopping.
  void close() { isOpen_ = false; }

  static constexpr const char* kStopping = "the broker is being stopped";

 private:
  const char* faultOf(const Multipart& message) const;
  BrokerRequest read(Multipart& message) const;
  static void readTerms(BrokerRequest& request);
  bool isRetry(BrokerRequest& request);
  static bool hasLostParts(const BrokerRequest& known, const BrokerRequest& retry);
  bool refuse(BrokerRequest& request);
  bool mustWaitInVain(const BrokerRequest& request) const;

  const balancing::BrokerOptions& options_;
  RequestBook& book_;
  Streams& streams_;
  Outbox& outbox_;
  Outcomes& outcomes_;
  TimeLimits& limits_;
  BrokerJunk& junk_;
  MisplacedWorkers& misplaced_;
  const bool isKeyed_;
  bool isOpen_ = true;
};

}  // namespace dividere::detail
