#pragma once

// Spans of this library's own work.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "../trace.hpp"

namespace dividere::detail {

/// Whether the calling thread works at a part of a trace.
bool isTracing() noexcept;

/// As envelopes have it: trace, span and flags, 25 bytes.
std::string traceBytes(const TraceContext& context);

/// Nothing if the bytes are no trace, or one of zeros alone, which the standard forbids.
std::optional<TraceContext> readTrace(std::string_view bytes);

/// Work under way, which somebody is told of when it ends.
class OpenSpan {
 public:
  /// A part of `parent`; the beginning of a trace if there is none. Null if nobody is told.
  static std::unique_ptr<OpenSpan> begin(Span::Kind kind, const std::optional<TraceContext>& parent,
                                         std::string_view component, std::string_view name);

  const TraceContext& context() const noexcept { return span_.context; }

  /// Tells of it, the first time. `error`: why it failed, if it did. One thread at a time.
  void end(std::string error = {}) noexcept;

 private:
  OpenSpan(Span::Kind kind, const std::optional<TraceContext>& parent);

  Span span_;
  bool isTold_ = false;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

/// What a message says of its trace, as part of this span, or of what the thread works at; empty if of none.
std::string traceOf(const OpenSpan* span);

}  // namespace dividere::detail
