#pragma once

// What comes from workers.

#include <string>

#include "broker_junk.hpp"
#include "outcomes.hpp"
#include "request_book.hpp"
#include "streams.hpp"
#include "worker_care.hpp"

namespace dividere::detail {

/// Takes replies, signs of life and goodbyes. Room that workers have after it is for the caller to fill.
class Returns {
 public:
  Returns(WorkerRoster& roster, RequestBook& book, Streams& streams, Outcomes& outcomes, WorkerCare& care,
          WorkerOffers& offers, BrokerJunk& junk, BrokerTally& tally)
      : roster_(roster),
        book_(book),
        streams_(streams),
        outcomes_(outcomes),
        care_(care),
        offers_(offers),
        junk_(junk),
        tally_(tally) {}

  void take(Multipart& message);

 private:
  bool takeOffer(const Multipart& message);
  void takeSignal(Multipart& message, const Signal& signal);
  void startAnew(BrokerWorker& worker);
  void noteSign(BrokerWorker& worker, const Signal& signal);
  void noteFreeSign(BrokerWorker& worker);
  void takeReply(Multipart& message);
  bool isStream(const BrokerWorker& worker, const std::string& token);
  bool takePart(BrokerWorker& worker, const std::string& token, Multipart& message);
  void finish(BrokerWorker& worker, const std::string& token, Frame&& payload);
  static bool isAnew(const BrokerWorker& worker, const Frame& frame, const Signal& signal);

  WorkerRoster& roster_;
  RequestBook& book_;
  Streams& streams_;
  Outcomes& outcomes_;
  WorkerCare& care_;
  WorkerOffers& offers_;
  BrokerJunk& junk_;
  BrokerTally& tally_;
};

}  // namespace dividere::detail
