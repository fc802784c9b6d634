#include <doctest/doctest.h>

#include <dividere.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "dividere/core/detail/tracing.hpp"
#include "support/log_capture.hpp"
#include "support/spans.hpp"

using dividere::currentTrace;
using dividere::Span;
using dividere::TraceContext;
using dividere::TraceScope;
using dividere::detail::OpenSpan;
using dividere::detail::readTrace;
using dividere::detail::traceBytes;

namespace {

TraceContext example() {
  TraceContext context;
  context.traceId = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
  context.spanId = {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
  return context;
}

}  // namespace

TEST_CASE("a trace context is written as the standard's header") {
  CHECK(example().traceparent() == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  TraceContext unrecorded = example();
  unrecorded.flags = 0;
  CHECK(unrecorded.traceparent() == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
}

TEST_CASE("a trace context travels in 25 bytes, and nothing else is taken for one") {
  const std::string bytes = traceBytes(example());
  REQUIRE(bytes.size() == 25);
  REQUIRE(readTrace(bytes));
  CHECK(readTrace(bytes)->traceparent() == example().traceparent());
  CHECK_FALSE(readTrace(""));
  CHECK_FALSE(readTrace(bytes.substr(1)));
  CHECK_FALSE(readTrace(bytes + "x"));
  CHECK_FALSE(readTrace(std::string(16, '\0') + bytes.substr(16)));
  CHECK_FALSE(readTrace(bytes.substr(0, 16) + std::string(8, '\0') + bytes.back()));
}

TEST_CASE("a thread works at what its innermost scope says") {
  CHECK_FALSE(currentTrace());
  {
    const TraceScope outer(example());
    {
      TraceContext other = example();
      other.flags = 0;
      const TraceScope inner(other);
      CHECK(currentTrace()->flags == 0);
    }
    CHECK(currentTrace()->flags == 1);
    const TraceScope none(std::nullopt);
    CHECK_FALSE(currentTrace());
  }
  CHECK_FALSE(currentTrace());
}

TEST_CASE("without a handler of spans there are none") {
  CHECK_FALSE(OpenSpan::begin(Span::Kind::client, example(), "", ""));
}

TEST_CASE("a span is a part of its parent, or begins a trace of its own") {
  const support::Spans spans;
  const auto opened = OpenSpan::begin(Span::Kind::server, example(), "service", "part");
  opened->end("why");
  opened->end("once more");
  OpenSpan::begin(Span::Kind::client, std::nullopt, "client", "root")->end();
  REQUIRE(spans.all().size() == 2);
  const Span part = spans.all()[0], root = spans.all()[1];
  CHECK(part.context.traceId == example().traceId);
  CHECK(part.parentId == example().spanId);
  CHECK(part.context.spanId != example().spanId);
  CHECK(part.kind == Span::Kind::server);
  CHECK(part.component == "service");
  CHECK(part.name == "part");
  CHECK(part.error == "why");
  CHECK(part.duration.count() >= 0);
  CHECK(root.context.traceId != example().traceId);
  CHECK(root.parentId == decltype(root.parentId){});
  CHECK(root.error.empty());
}

TEST_CASE("what a handler of spans throws goes to the log") {
  const support::LogCapture log;
  dividere::setSpanHandler([](const Span&) { throw std::runtime_error("no more room"); });
  OpenSpan::begin(Span::Kind::client, std::nullopt, "", "name")->end();
  dividere::setSpanHandler(nullptr);
  CHECK(log.lines("no more room").size() == 1);
}
