// What services and registries tell of themselves, and whom.
#include <doctest/doctest.h>
#include <unistd.h>
#include <zmq.h>

#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <future>
#include <optional>
#include <string>
#include <vector>

#include "dividere.pb.h"
#include "stage.hpp"
#include "support/descriptions.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/other_address.hpp"
#include "support/raw_socket.hpp"
#include "support/thrown.hpp"

using dividere::describe;
using dividere::Errc;
using dividere::registry::Server;
using dividere::registry::ServerOptions;
using dividere::service::Service;
using namespace support;
using namespace std::chrono_literals;

namespace {

ServerOptions anywhere() {
  ServerOptions options;
  options.port = 0;
  return options;
}

std::string describeReq() { return dividere::messaging::ProtoBuffEncoder().encode(DescribeReq()); }

}  // namespace

TEST_CASE("a service tells its methods, their types and what became of requests") {
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    Server registry(anywhere());
    auto options = stage::at(registry);
    options.threads = threads;
    Service service("demo.Echo", options);
    service.on([](const Msg01& message) { return message; });
    service.on("Count", [](const Msg02& message) { return stage::msg01(message.field1()); });
    service.on<Tree>([](const Tree&, dividere::reactor::Sender& sender) { sender.send(Msg01()); });
    REQUIRE(service.start(kLimit));
    dividere::service::Client client("demo.Echo", stage::asking(registry));
    REQUIRE(stage::call(client, "x") == "x");

    std::optional<dividere::Description> told;
    REQUIRE(eventually([&] {  // a call is counted when its reply is on its way
      told = describe(local(service.port()), kLimit);
      return !told || statistic(*told, "handled_messages") == 1;
    }));
    REQUIRE(told);
    CHECK(told->kind == "service");
    CHECK(told->name == "demo.Echo");
    CHECK(told->pid == static_cast<std::uint32_t>(::getpid()));
    CHECK(methods(*told) == std::vector<std::string>{"Count(Msg02) -> Msg01", "(Msg01) -> Msg01", "(Tree) -> "});
    CHECK(typeNames(*told) == std::vector<std::string>{"Msg01", "Msg02", "Tree"});
    CHECK(Built(*told).fileNames() == std::vector<std::string>{"golden.proto"});
    CHECK(statistic(*told, "unknown_messages") == 0);
  }
}

TEST_CASE("a service tells how long its handlers ran, each by what it handles") {
  Server registry(anywhere());
  Service service("demo.Echo", stage::at(registry));
  service.on([](const Msg01& message) { return message; });
  service.on("Count", [](const Msg02& message) { return stage::msg01(message.field1()); });
  REQUIRE(service.start(kLimit));
  dividere::service::Client client("demo.Echo", stage::asking(registry));
  REQUIRE(stage::call(client, "x") == "x");
  const std::string ofType = "{handles=\"Msg01\"";
  const auto told = describedWhen(local(service.port()), [&](const dividere::Description& now) {
    return statistic(now, "handler_seconds_count" + ofType + "}") == 1;  // once its reply is on its way
  });
  REQUIRE(told);
  const std::uint64_t sum = statistic(*told, "handler_nanoseconds_sum" + ofType + "}");
  CHECK(sum > 0);
  CHECK(sum < 600'000'000'000);
  std::vector<std::string> buckets;
  for (const auto& each : told->statistics) {
    if (each.name.rfind("handler_seconds_bucket", 0) != 0) continue;
    CHECK(each.value == 1);
    buckets.push_back(each.name);
  }
  REQUIRE(buckets.size() == 1);  // what was not called has none, and neither have those that no message came to
  CHECK(buckets[0].rfind("handler_seconds_bucket" + ofType + ",le=\"", 0) == 0);
  CHECK(dividere::openMetrics().find(buckets[0].substr(buckets[0].find("le="))) != std::string::npos);
}

TEST_CASE("a registry tells how many entries it has") {
  Server registry(anywhere());
  dividere::registry::Client client("127.0.0.1", registry.port());
  client.registerService("one", 1);
  client.registerService("two", 2);
  const auto told = describe(local(registry.port()), kLimit);
  REQUIRE(told);
  CHECK(told->kind == "registry");
  CHECK(statistic(*told, "entries") == 2);
  CHECK(methods(*told) == std::vector<std::string>{"(RegisterService) -> ack", "(UnregisterService) -> ack",
                                                   "(ServiceLookupReq) -> ServiceLookupRep"});
}

TEST_CASE("a peer that does not say that it describes itself is not asked") {
  RawSocket router(ZMQ_ROUTER), replier(ZMQ_REP);
  const std::string routerEndpoint = router.bind(), replierEndpoint = replier.bind();
  CHECK(!describe(routerEndpoint, 300ms));
  CHECK(!describe(replierEndpoint, 300ms));
  CHECK(!router.recv(0ms));
  CHECK(!replier.recv(0ms));
}

TEST_CASE("a description that lists more than any honest one is not taken") {
  RawSocket liar(ZMQ_ROUTER);
  liar.set(ZMQ_ROUTING_ID, "dividere/describe");
  const std::string endpoint = liar.bind();
  auto asking = std::async(std::launch::async, [&] { return codeOf([&] { describe(endpoint, kLimit); }); });
  auto question = liar.recv();
  REQUIRE(question);
  Description endless;
  for (int i = 0; i <= 100000; ++i) endless.add_methods();
  question->back() = dividere::messaging::ProtoBuffEncoder().encode(endless);
  liar.send(*question);
  CHECK(asking.get() == Errc::malformed);
}

TEST_CASE("a REQ socket of any language may ask a service, too") {
  Server registry(anywhere());
  RawSocket asker(ZMQ_REQ);
  asker.connect(local(registry.port()));
  asker.send({describeReq()});
  const auto reply = asker.recv();
  REQUIRE(reply);
  msgEnvelope envelope;
  Description told;
  REQUIRE(envelope.ParseFromString(reply->back()));
  REQUIRE(envelope.msg().UnpackTo(&told));
  CHECK(told.kind() == "registry");
}

TEST_CASE("nothing is described to another host, unless it is told to") {
  const std::string address = otherAddress();
  if (address.empty()) return;
  const auto ask = [&](const Server& registry) {
    return describe("tcp://" + address + ":" + std::to_string(registry.port()), kLimit);
  };
  Server registry(anywhere());
  CHECK(codeOf([&] { ask(registry); }) == Errc::unauthorized);
  {
    const Environment all("DIVIDERE_DESCRIBE", "all");
    Server open(anywhere());
    CHECK(ask(open).has_value());
  }
  const Environment off("DIVIDERE_DESCRIBE", "off");
  Server silent(anywhere());
  CHECK(!describe(local(silent.port()), 300ms));
}

TEST_CASE("nothing is described to who asks by way of a forwarder") {
  Server registry(anywhere());
  RawSocket forwarder(ZMQ_DEALER);
  forwarder.connect(local(registry.port()));
  forwarder.send({"a client of its", "", describeReq()});
  const auto reply = forwarder.recv();
  REQUIRE(reply);
  msgEnvelope envelope;
  DividereError error;
  REQUIRE(envelope.ParseFromString(reply->back()));
  REQUIRE(envelope.msg().UnpackTo(&error));
  CHECK(error.code() == 10);
}

namespace {

/// The line of a service's handlers.
dividere::Statistics handlersOf(const std::string& name) {
  for (dividere::Statistics& each : dividere::statistics()) {
    if (each.kind == "service handlers" && each.name == name) return std::move(each);
  }
  return {};
}

std::uint64_t messagesIn(const dividere::HandlerTime& time) {
  std::uint64_t count = 0;
  for (const std::uint64_t each : time.buckets) count += each;
  return count;
}

}  // namespace

TEST_CASE("what becomes of messages, and how long their handlers take, is in the statistics, by type and method") {
  Server registry(anywhere());
  Service service("demo.Timed", stage::at(registry));
  service.on([](const Msg01& message) { return message; });
  service.on("Slow", [](const Msg02& message) {
    const auto end = std::chrono::steady_clock::now() + 2ms;
    while (std::chrono::steady_clock::now() < end) {
    }
    return message;
  });
  REQUIRE(service.start(kLimit));
  dividere::service::Client client("demo.Timed", stage::asking(registry));
  for (int i = 0; i < 20; ++i) REQUIRE(stage::call(client, "x") == "x");
  dividere::CallOptions slow;
  slow.method = "Slow";
  REQUIRE(client.start<Msg02>(Msg02(), kLimit, slow).get());
  CHECK(codeOf([&] { client.call<Tree>(Tree(), kLimit); }) == Errc::unknownType);

  // What a handler's time is counted as may be so a moment after its reply.
  REQUIRE(eventually([] {
    const auto all = handlersOf("demo.Timed").handlers;
    return all.size() == 2 && messagesIn(all[0]) == 1 && messagesIn(all[1]) == 20;
  }));
  const dividere::Statistics statistics = handlersOf("demo.Timed");
  CHECK(statistics.refused == 1);
  CHECK(statistics.handlers[0].handles == "Slow");
  CHECK(statistics.handlers[0].total >= 2ms);
  CHECK(statistics.handlers[0].buckets[0] == 0);
  CHECK(statistics.handlers[1].handles == "Msg01");
  const std::string text = dividere::openMetrics();
  const std::string labels = "{kind=\"service handlers\",name=\"demo.Timed\",endpoint=\"\",handles=\"Msg01\"";
  CHECK(contains(text, "dividere_handler_seconds_bucket" + labels + ",le=\"+Inf\"} 20\n"));
  CHECK(contains(text, "dividere_handler_seconds_count" + labels + "} 20\n"));
  CHECK(contains(text, "dividere_handler_seconds_bucket" + labels + ",le=\"0.000001024\"} "));
  CHECK(contains(text,
                 "dividere_refused_messages_total{kind=\"service handlers\",name=\"demo.Timed\",endpoint=\"\"} 1\n"));
}

TEST_CASE("requests that wait at a service, and those that came too late, are in the statistics") {
  Server registry(anywhere());
  Service service("demo.Slow", stage::at(registry));
  std::atomic<bool> isOver{false};
  service.on<Msg01>([&](const Msg01& message, dividere::reactor::Sender& sender) {
    // To ask takes in what has come.
    eventually([&] { return sender.cancelled() || isOver.load(); });
    return message;
  });
  REQUIRE(service.start(kLimit));
  RawSocket caller(ZMQ_DEALER);
  caller.connect(local(service.port()));
  msgEnvelope request;
  request.set_msgname("Msg01");
  static_cast<void>(request.mutable_msg()->PackFrom(Msg01()));
  caller.send({"", request.SerializeAsString()});
  request.set_timeoutms(1);
  caller.send({"", request.SerializeAsString()});
  const auto waiting = [] {
    std::uint64_t count = 0;
    for (const auto& each : dividere::statistics()) {
      if (each.kind == "service" && each.name == "demo.Slow") count += each.queue;
    }
    return count;
  };
  CHECK(eventually([&] { return waiting() == 1; }));
  const auto passed = std::chrono::steady_clock::now() + 5ms;
  REQUIRE(eventually([&] { return std::chrono::steady_clock::now() > passed; }));
  isOver = true;
  REQUIRE(caller.recv());
  REQUIRE(caller.recv());
  CHECK(handlersOf("demo.Slow").expired == 1);
  CHECK(eventually([&] { return waiting() == 0; }));
}

TEST_CASE("100,000 questions of one peer are replied to with few descriptions, and keep no other peer waiting") {
  constexpr int kQuestions = 100000;
  Server registry(anywhere());
  stage::Echo service("demo.Busy", stage::at(registry));
  REQUIRE(service.start(kLimit));
  dividere::service::Client client("demo.Busy", stage::asking(registry));
  REQUIRE(stage::call(client, "x") == "x");
  RawSocket flood(ZMQ_DEALER);
  flood.set(ZMQ_SNDHWM, 0);
  flood.set(ZMQ_RCVHWM, 0);
  flood.connect(local(service.port()));
  for (int i = 0; i < kQuestions; ++i) flood.send({"", describeReq()});
  CHECK(stage::call(client, "y") == "y");
  int descriptions = 0, refusals = 0;
  const auto start = std::chrono::steady_clock::now();
  // Replies that a full queue had no room for are not sent: the last question has its reply all the same.
  for (auto reply = flood.recv(); reply; reply = flood.recv(2s)) {
    msgEnvelope envelope;
    REQUIRE(envelope.ParseFromString(reply->back()));
    ++(envelope.msg().type_url() == "type.googleapis.com/Description" ? descriptions : refusals);
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CHECK(descriptions >= 1);
  CHECK(descriptions <= 20 + 10 * (seconds + 60));
  CHECK(refusals > 1000);
  CHECK(describe(local(service.port()), kLimit).has_value());
}

TEST_CASE("what is no DescribeReq is told so") {
  Server registry(anywhere());
  RawSocket asker(ZMQ_REQ);
  asker.connect(local(registry.port()));
  msgEnvelope broken;
  broken.set_msgname("DescribeReq");
  broken.mutable_msg()->set_type_url("type.googleapis.com/DescribeReq");
  broken.mutable_msg()->set_value("\xFF\xFF");
  asker.send({broken.SerializeAsString()});
  const auto reply = asker.recv();
  REQUIRE(reply);
  msgEnvelope envelope;
  DividereError error;
  REQUIRE(envelope.ParseFromString(reply->back()));
  REQUIRE(envelope.msg().UnpackTo(&error));
  CHECK(error.code() == 6);
}
