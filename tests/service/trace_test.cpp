// A trace goes with calls and publications from process to process.
#include <doctest/doctest.h>

#include <dividere.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "stage.hpp"
#include "support/limit.hpp"
#include "support/spans.hpp"

using dividere::Span;
using dividere::TraceContext;
using dividere::TraceScope;
using dividere::registry::Server;
using dividere::service::Client;
using dividere::service::Service;
using support::Spans;

namespace {

TraceContext applications() {
  TraceContext context;
  context.traceId.fill(7);
  context.spanId.fill(9);
  return context;
}

}  // namespace

TEST_CASE("a call, its handler, and what that calls are one trace") {
  Server server(stage::anywhere());
  stage::Echo inner("inner", stage::at(server));
  inner.start(support::kLimit);
  Client toInner("inner", stage::asking(server));
  Service outer("outer", stage::at(server));
  outer.on([&](const Msg01& message) { return stage::msg01(stage::call(toInner, message.field1())); });
  outer.start(support::kLimit);
  Client toOuter("outer", stage::asking(server));

  const Spans spans;
  {
    const TraceScope scope(applications());
    CHECK(stage::call(toOuter, "hello") == "hello");
  }
  const Span call = spans.of("service::Client 'outer'"), handler = spans.of("service::Service 'outer'");
  const Span innerCall = spans.of("service::Client 'inner'"), innerHandler = spans.of("service::Service 'inner'");
  for (const Span& span : {call, handler, innerCall, innerHandler}) {
    CHECK(span.context.traceId == applications().traceId);
    CHECK(span.name == "Msg01");
    CHECK(span.error.empty());
  }
  CHECK(call.parentId == applications().spanId);
  CHECK(handler.parentId == call.context.spanId);
  CHECK(innerCall.parentId == handler.context.spanId);
  CHECK(innerHandler.parentId == innerCall.context.spanId);
  CHECK(call.kind == Span::Kind::client);
  CHECK(handler.kind == Span::Kind::server);
}

TEST_CASE("a trace passes through a process that tells nobody of spans") {
  Server server(stage::anywhere());
  std::optional<TraceContext> seen;
  Service service("name", stage::at(server));
  service.on([&](const Msg01& message) {
    seen = dividere::currentTrace();
    return message;
  });
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  const TraceScope scope(applications());
  CHECK(stage::call(client, "x") == "x");
  REQUIRE(seen);
  CHECK(seen->traceparent() == applications().traceparent());
}

TEST_CASE("a call that nobody traces says nothing of a trace") {
  Server server(stage::anywhere());
  std::optional<TraceContext> seen = applications();
  Service service("name", stage::at(server));
  service.on([&](const Msg01& message) {
    seen = dividere::currentTrace();
    return message;
  });
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  CHECK(stage::call(client, "x") == "x");
  CHECK_FALSE(seen);
}

TEST_CASE("the span of a call that fails says why, as that of its handler does") {
  Server server(stage::anywhere());
  Service service("name", stage::at(server));
  service.on([](const Msg01&) { throw std::runtime_error("count must not be 0"); });
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  const Spans spans;
  CHECK_THROWS(stage::call(client, "x"));
  CHECK(spans.of("service::Client 'name'").error == "count must not be 0");
  CHECK(spans.of("service::Service 'name'").error == "count must not be 0");
}

TEST_CASE("a call by a method is named after it") {
  Server server(stage::anywhere());
  Service service("name", stage::at(server));
  service.on("Add", [](const Msg01& message) { return message; });
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  const Spans spans;
  dividere::CallOptions options;
  options.method = "Add";
  CHECK(client.start<Msg01>(stage::msg01("x"), support::kLimit, options).get());
  CHECK(spans.of("service::Client 'name'").name == "Add");
  CHECK(spans.of("service::Service 'name'").name == "Add");
}

TEST_CASE("what is published is part of the publisher's trace") {
  dividere::messaging::Publisher publisher("tcp://*:*");
  std::optional<TraceContext> seen;
  stage::Event handled;
  dividere::reactor::MtMsgReactor reactor;
  reactor.add(dividere::messaging::Subscriber("tcp://127.0.0.1:" + std::to_string(publisher.port())));
  reactor.on([&](const Msg01&) {
    seen = dividere::currentTrace();
    handled.happen();
  });
  reactor.start();
  REQUIRE(publisher.waitForSubscribers(1, support::kLimit));
  {
    const TraceScope scope(applications());
    publisher.send(stage::msg01("x"));
  }
  REQUIRE(handled.wait());
  reactor.stop();
  REQUIRE(seen);
  CHECK(seen->traceparent() == applications().traceparent());
}
