#pragma once

// What clients say of requests under way.

#include <cstdint>
#include <string_view>

#include "broker_tally.hpp"
#include "frame_source.hpp"
#include "request_book.hpp"

namespace dividere::detail {

/// A message of a client that is no request.
struct ClientWord {
  enum class Kind { none, cancel };
  Kind kind = Kind::none;
};

/// None, if it is longer than kLongestSignal.
ClientWord readClientWord(std::string_view bytes);

/// Has them reach their requests: what waits is cancelled here, what a worker has is passed on, if it understands that. What
/// is under way no more is ignored: the word crossed its reply.
class ClientWords {
 public:
  ClientWords(FrameSource& back, RequestBook& book, BrokerTally& tally) : back_(back), book_(book), tally_(tally) {}

  /// Whether it is one, and dealt with.
  bool take(Multipart& message);

 private:
  void cancel(BrokerRequest& request, Multipart& message);
  void passOn(const BrokerRequest& request, Multipart& message);

  FrameSource& back_;
  RequestBook& book_;
  BrokerTally& tally_;
};

}  // namespace dividere::detail
