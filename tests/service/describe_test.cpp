// What services and registries tell of themselves, and whom.
#include <doctest/doctest.h>
#include <unistd.h>
#include <zmq.h>

#include <chrono>
#include <dividere.hpp>
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

    const auto told = describe(local(service.port()), kLimit);
    REQUIRE(told);
    CHECK(told->kind == "service");
    CHECK(told->name == "demo.Echo");
    CHECK(told->pid == static_cast<std::uint32_t>(::getpid()));
    CHECK(methods(*told) == std::vector<std::string>{"Count(Msg02) -> Msg01", "(Msg01) -> Msg01", "(Tree) -> "});
    CHECK(typeNames(*told) == std::vector<std::string>{"Msg01", "Msg02", "Tree"});
    CHECK(Built(*told).fileNames() == std::vector<std::string>{"golden.proto"});
    CHECK(statistic(*told, "handled_messages") == 1);
    CHECK(statistic(*told, "unknown_messages") == 0);
  }
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
