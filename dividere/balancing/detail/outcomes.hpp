#pragma once

// How requests end.

#include <string>

#include "../../core/error.hpp"
#include "broker_request.hpp"
#include "broker_tally.hpp"
#include "outbox.hpp"

namespace dividere::detail {

/// Gives each request its one outcome: a worker's reply, or an error. A client of plain bytes would take an error for its
/// reply: it is sent one only if it put a correlation frame in front.
class Outcomes {
 public:
  Outcomes(Outbox& outbox, BrokerTally& tally) : outbox_(outbox), tally_(tally) {}

  void reply(BrokerRequest&& request, Frame&& payload);

  /// Tells what this broker understands, along the request's route and ahead of its outcome. `gone`: its client is.
  SendResult tellFeatures(BrokerRequest& request);

  void fail(BrokerRequest&& request, Errc code, const std::string& text);

  /// Its caller's time has passed before a worker had it.
  void expire(BrokerRequest&& request);

 private:
  static bool takesErrors(const BrokerRequest& request);
  void send(BrokerRequest& request, Frame&& payload, bool isError);

  Outbox& outbox_;
  BrokerTally& tally_;
};

}  // namespace dividere::detail
