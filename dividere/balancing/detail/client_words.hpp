#pragma once

// What clients say of requests under way.

#include <cstdint>
#include <string_view>

#include "broker_tally.hpp"
#include "request_book.hpp"
#include "streams.hpp"

namespace dividere::detail {

/// A message of a client that is no request.
struct ClientWord {
  enum class Kind { none, cancel, credit };
  Kind kind = Kind::none;
  std::uint32_t parts = 0;  // of credit
};

/// None, if it is longer than kLongestSignal.
ClientWord readClientWord(std::string_view bytes);

/// Has them reach their requests: what waits is cancelled here, what a worker has is passed on, if it understands that. What
/// is under way no more is ignored: the word crossed its reply.
class ClientWords {
 public:
  ClientWords(RequestBook& book, Streams& streams, BrokerTally& tally)
      : book_(book), streams_(streams), tally_(tally) {}

  /// Whether it is one, and dealt with.
  bool take(Multipart& message);

 private:
  void cancel(BrokerRequest& request);

  RequestBook& book_;
  Streams& streams_;
  BrokerTally& tally_;
};

}  // namespace dividere::detail
