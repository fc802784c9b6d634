#pragma once

// What a request says of its call.

#include "../../core/detail/deadline.hpp"
#include "../../messaging/detail/call_fields.hpp"

namespace dividere::detail {

/// As of when the request was received.
struct RequestTerms {
  RequestTerms() = default;
  explicit RequestTerms(const CallFields& fields)
      : takesParts(fields.takesParts),
        isRepeatable(!fields.notRepeatable),
        mayEnd(fields.timeoutMs > 0 || fields.asksFeatures || fields.takesParts) {
    if (fields.timeoutMs > 0) deadline = Deadline::in(std::chrono::milliseconds(fields.timeoutMs));
  }

  Deadline deadline = Deadline::never();  ///< by when it wants its reply
  bool takesParts = false;
  bool isRepeatable = true;  ///< somebody else may be given it, too
  bool mayEnd = false;       ///< it may expire, or be cancelled: its caller knows how
};

}  // namespace dividere::detail
