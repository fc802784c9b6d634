#pragma once

// A handler as a part of its message's trace.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../../core/detail/tracing.hpp"

namespace dividere::detail {

/// While one lives, the calling thread works at what the message says of its trace. Tells of that as a span at the end.
class TracedHandling {
 public:
  /// `trace`: as in the envelope, empty if it says nothing. `who` handles it; `name` is the method, or the type.
  TracedHandling(std::string_view trace, std::string_view who, std::string_view name)
      : TracedHandling(readTrace(trace), who, name) {}
  ~TracedHandling() {
    if (span_) span_->end(std::move(error_));
  }
  TracedHandling(const TracedHandling&) = delete;
  TracedHandling& operator=(const TracedHandling&) = delete;

  void fail(const std::string& why) {
    if (span_) error_ = why;
  }

 private:
  TracedHandling(const std::optional<TraceContext>& caller, std::string_view who, std::string_view name)
      : span_(OpenSpan::begin(Span::Kind::server, caller, who, name)), scope_(span_ ? span_->context() : caller) {}

  const std::unique_ptr<OpenSpan> span_;
  std::string error_;
  const TraceScope scope_;
};

}  // namespace dividere::detail
