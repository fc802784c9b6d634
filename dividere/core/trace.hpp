#pragma once

// Which work belongs together, across processes.

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace dividere {

/// Where a piece of work stands among all that follows from one cause (W3C Trace Context).
struct TraceContext {
  std::array<std::uint8_t, 16> traceId{};  ///< of all of it
  std::array<std::uint8_t, 8> spanId{};    ///< of this piece
  std::uint8_t flags = 1;                  ///< 1: it is recorded

  /// As an HTTP header has it: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".
  std::string traceparent() const;
};

/// A piece of work that has ended.
struct Span {
  enum class Kind {
    client,  ///< a call, from its start to its outcome
    server   ///< a handler
  };

  TraceContext context;
  std::array<std::uint8_t, 8> parentId{};  ///< the piece of work that it is a part of; zeros: none
  Kind kind = Kind::client;
  std::string component;  ///< whose it is, as in the log: "service::Client 'demo.Calculator'"
  std::string name;       ///< what was called: the method, or the type of the message
  std::chrono::system_clock::time_point start;
  std::chrono::nanoseconds duration{0};  ///< by a clock that nobody sets
  std::string error;                     ///< why it failed; empty if it did not
};

/// Calls `handler` with each span of this process as it ends, in the thread where it ends. No lock is held; what it throws goes to
/// the log. From then on a call begins a trace, unless it is part of one. (What a handler calls and publishes is part of its
/// request's trace, with or without this.) Null: no spans any more. Any thread; the last one set counts.
void setSpanHandler(std::function<void(const Span&)> handler);

/// The trace that the calling thread works for: in a handler its request's, elsewhere what a TraceScope says.
std::optional<TraceContext> currentTrace();

/// While it lives, what the calling thread starts is part of this trace: of a span of the application's own, say. Destroy them in
/// reverse order, in the same thread.
class TraceScope {
 public:
  explicit TraceScope(const std::optional<TraceContext>& context);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  const std::optional<TraceContext> before_;
};

}  // namespace dividere
