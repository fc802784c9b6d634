#include "trace.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "detail/fork.hpp"
#include "detail/log_line.hpp"
#include "detail/never_destroyed.hpp"
#include "detail/random.hpp"
#include "detail/thread.hpp"
#include "detail/tracing.hpp"
#include "log.hpp"

namespace dividere::detail {

using SpanHandler = std::function<void(const Span&)>;

/// Whether there is a handler: what each call asks first.
static std::atomic<bool> isTraced{false};

/// Under processMutex().
static std::shared_ptr<const SpanHandler>& spanHandler() {
  static NeverDestroyed<std::shared_ptr<const SpanHandler>> handler;
  return *handler;
}

static std::optional<TraceContext>& traceOfThisThread() {
  static thread_local std::optional<TraceContext> context;
  return context;
}

template <std::size_t size>
static bool isAllZero(const std::array<std::uint8_t, size>& bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

template <std::size_t size>
static void fillAtRandom(std::array<std::uint8_t, size>& bytes) {
  do {
    const std::string random = randomBytes(size);
    std::copy(random.begin(), random.end(), bytes.begin());
  } while (isAllZero(bytes));
}

template <std::size_t size>
static std::string hexOf(const std::array<std::uint8_t, size>& bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) text.append({kDigits[byte >> 4], kDigits[byte & 15]});
  return text;
}

bool isTracing() noexcept { return traceOfThisThread().has_value(); }

std::string traceBytes(const TraceContext& context) {
  std::string bytes(context.traceId.begin(), context.traceId.end());
  bytes.append(context.spanId.begin(), context.spanId.end());
  return bytes += static_cast<char>(context.flags);
}

std::optional<TraceContext> readTrace(std::string_view bytes) {
  TraceContext context;
  const std::size_t trace = context.traceId.size(), span = context.spanId.size();
  if (bytes.size() != trace + span + 1) return std::nullopt;
  std::copy_n(bytes.begin(), trace, context.traceId.begin());
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(trace), span, context.spanId.begin());
  context.flags = static_cast<std::uint8_t>(bytes.back());
  if (isAllZero(context.traceId) || isAllZero(context.spanId)) return std::nullopt;
  return context;
}

// --- OpenSpan ---

OpenSpan::OpenSpan(Span::Kind kind, const std::optional<TraceContext>& parent) {
  span_.kind = kind;
  span_.start = std::chrono::system_clock::now();
  if (parent) {
    span_.context = *parent;
    span_.parentId = parent->spanId;
  } else {
    fillAtRandom(span_.context.traceId);
  }
  fillAtRandom(span_.context.spanId);
}

std::unique_ptr<OpenSpan> OpenSpan::begin(Span::Kind kind, const std::optional<TraceContext>& parent,
                                          std::string_view component, std::string_view name) {
  if (!isTraced.load(std::memory_order_relaxed)) return nullptr;
  std::unique_ptr<OpenSpan> span(new OpenSpan(kind, parent));
  span->span_.component = component;
  span->span_.name = name;
  return span;
}

void OpenSpan::end(std::string error) noexcept try {
  if (std::exchange(isTold_, true)) return;
  std::shared_ptr<const SpanHandler> handler;
  {
    const std::lock_guard<std::mutex> lock(processMutex());
    handler = spanHandler();
  }
  if (!handler) return;
  span_.error = std::move(error);
  span_.duration = std::chrono::steady_clock::now() - begun_;
  const CallbackScope scope;
  (*handler)(span_);
} catch (const std::exception& thrown) {
  log(LogLevel::error, "setSpanHandler", std::string("the handler threw: ") + thrown.what());
} catch (...) {
  log(LogLevel::error, "setSpanHandler", "the handler threw something that is no std::exception");
}

std::string traceOf(const OpenSpan* span) {
  if (span) return traceBytes(span->context());
  const std::optional<TraceContext>& current = traceOfThisThread();
  return current ? traceBytes(*current) : std::string();
}

}  // namespace dividere::detail

namespace dividere {

std::string TraceContext::traceparent() const {
  return "00-" + detail::hexOf(traceId) + "-" + detail::hexOf(spanId) + "-" +
         detail::hexOf(std::array<std::uint8_t, 1>{flags});
}

void setSpanHandler(std::function<void(const Span&)> handler) {
  auto shared = handler ? std::make_shared<const detail::SpanHandler>(std::move(handler)) : nullptr;
  const std::lock_guard<std::mutex> lock(detail::processMutex());
  detail::spanHandler().swap(shared);  // the former one is destroyed without the lock
  detail::isTraced = detail::spanHandler() != nullptr;
}

std::optional<TraceContext> currentTrace() { return detail::traceOfThisThread(); }

TraceScope::TraceScope(const std::optional<TraceContext>& context)
    : before_(std::exchange(detail::traceOfThisThread(), context)) {}

TraceScope::~TraceScope() { detail::traceOfThisThread() = before_; }

}  // namespace dividere
