#include <doctest/doctest.h>

#include <chrono>
#include <dividere.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "golden.pb.h"
#include "stage.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/limit.hpp"
#include "support/log_capture.hpp"
#include "support/thrown.hpp"

using dividere::Errc;
using dividere::registry::Announcement;
using dividere::registry::AnnouncementOptions;
using dividere::registry::Server;
using namespace std::chrono_literals;

namespace {

AnnouncementOptions at(const Server& server) {
  AnnouncementOptions options;
  options.registries = {stage::locationOf(server)};
  options.jitter = 0ms;
  return options;
}

}  // namespace

TEST_CASE("an announced endpoint is found with its kind, as long as the announcement lives") {
  Server server(stage::anywhere());
  auto client = stage::clientOf(server);
  {
    Announcement announced("camera.front", 5100, "publisher", at(server));
    REQUIRE(announced.wait(support::kLimit));
    const auto found = client.instances("camera.*");
    REQUIRE(found.size() == 1);
    CHECK((found[0].name == "camera.front" && found[0].port == 5100 && found[0].kind == "publisher"));
    CHECK(client.instances("camera.front").front().kind == "publisher");
    CHECK(client.lookupService("camera.front")->port == 5100);
  }
  CHECK(support::eventually([&] { return client.instances("camera.*").empty(); }));
}

TEST_CASE("a broker that is announced is called by its name; a publisher of the name is not") {
  Server server(stage::anywhere());
  dividere::balancing::Broker broker(0, 0);
  dividere::balancing::Worker worker("tcp://localhost:" + std::to_string(broker.backPort()));
  worker.on([](const Msg01& message) {
    Msg01 reply = message;
    reply.set_field1(message.field1() + ", by a worker");
    return reply;
  });
  worker.start();
  dividere::messaging::Response deaf("tcp://*:*");  // would be called, if it did not say that it publishes
  Announcement other("demo", deaf.port(), "publisher", at(server));
  Announcement announced("demo", broker.frontPort(), "broker", at(server));
  REQUIRE(other.wait(support::kLimit));
  REQUIRE(announced.wait(support::kLimit));
  dividere::service::ClientOptions options;
  options.registries = {stage::locationOf(server)};
  dividere::service::Client client("demo", options);
  Msg01 message;
  for (int i = 0; i < 20; ++i) {
    message.set_field1("call " + std::to_string(i));
    const auto reply = client.call<Msg01>(message, support::kLimit);
    REQUIRE(reply);
    CHECK(reply->field1() == message.field1() + ", by a worker");
  }
  CHECK_FALSE(deaf.wait(0ms));
}

TEST_CASE("a service says that it is one") {
  Server server(stage::anywhere());
  dividere::service::ServiceOptions options;
  options.registries = {stage::locationOf(server)};
  dividere::service::Service service("demo", options);
  REQUIRE(service.start(support::kLimit));
  CHECK(stage::clientOf(server).instances("demo").front().kind == "service");
}

TEST_CASE("stop() takes an endpoint out of the registry, once and for all") {
  Server server(stage::anywhere());
  Announcement announced("name", 5100, "publisher", at(server)), other("name", 5101, "publisher", at(server));
  REQUIRE(announced.wait(support::kLimit));
  REQUIRE(other.wait(support::kLimit));
  announced.stop();
  announced.stop();
  CHECK_FALSE(announced.wait(support::kLimit));
  auto client = stage::clientOf(server);
  CHECK(support::eventually([&] {
    const auto found = client.instances("name");
    return found.size() == 1 && found[0].port == 5101;
  }));
}

TEST_CASE("an announcement comes back with its registry, with all it said") {
  const stage::FreePorts ports;
  auto server = std::make_unique<Server>(ports.options());
  Announcement announced("name", 5100, "broker", at(*server));
  REQUIRE(announced.wait(support::kLimit));
  server.reset();
  server = std::make_unique<Server>(ports.options());
  auto client = stage::clientOf(*server);
  CHECK(support::eventually([&] { return client.instances("name", support::kLimit).size() == 1; }));
  CHECK(client.instances("name").front().kind == "broker");
}

TEST_CASE("an announcement is renewed before its lease ends") {
  Server server(stage::anywhere());
  AnnouncementOptions options = at(server);
  options.lease = 3s;
  Announcement announced("name", 5100, "publisher", options);
  REQUIRE(announced.wait(support::kLimit));
  stage::OldPeer peer(server.port());
  CHECK(peer.unregisters("name", stage::clientOf(server).instances("name").front().server, 5100));
  CHECK(support::eventually([&] { return server.entries() == 1; }));
}

TEST_CASE("an old registry is told what it knows, and stores it like any service") {
  dividere::messaging::Response old("tcp://*:*");
  AnnouncementOptions options;
  options.registries = {{"localhost", old.port()}};
  options.advertise = "192.0.2.7";
  Announcement announced("camera.front", 5100, "publisher", options);
  const auto request = old.recv<RegisterService>(support::kLimit);
  REQUIRE(request);
  CHECK((request->servicename() == "camera.front" && request->server() == "192.0.2.7" && request->port() == 5100));
  ack reply;
  reply.set_ok(true);
  old.send(reply);
  CHECK(announced.wait(support::kLimit));
  announced = Announcement("other", 5100, "publisher", options);  // the first one says goodbye
  bool isGone = false;
  for (int i = 0; i < 2; ++i) {
    const auto next = old.recv(support::kLimit);
    REQUIRE(next);
    isGone = isGone || next->GetDescriptor()->name() == "UnregisterService";
    old.send(reply);
  }
  CHECK(isGone);
}

TEST_CASE("without a registry an announcement waits for one, as long as told, and ends at once") {
  const stage::FreePorts ports;
  AnnouncementOptions options;
  options.registries = {ports.location()};
  Announcement announced("name", 5100, "publisher", options);
  CHECK_FALSE(announced.wait(10ms));
  Server server(ports.options());
  CHECK(announced.wait(support::kLimit));
}

TEST_CASE("what cannot be announced is refused in words") {
  AnnouncementOptions options;
  const auto refused = [&](const std::string& name, std::uint16_t port, const std::string& kind) {
    const auto error = support::errorOf([&] { Announcement(name, port, kind, options); });
    REQUIRE(error);
    CHECK(error->code() == std::errc::invalid_argument);
    return std::string(error->what());
  };
  CHECK(support::contains(refused("", 5100, "publisher"), "registry::Announcement: the name is empty"));
  CHECK(support::contains(refused("name", 0, "publisher"), "the port 0 is not between 1 and 65535"));
  CHECK(support::contains(refused("name", 5100, std::string(65, 'k')), "the kind has 65 bytes, more than 64"));
  options.lease = -1ms;
  CHECK(support::contains(refused("name", 5100, "publisher"), "lease must not be negative"));
  options.lease = 1s;
  options.advertise = "*";
  CHECK(support::contains(refused("name", 5100, "publisher"), "advertise: the host '*'"));
  options.advertise.clear();
  options.registries.clear();
  CHECK(support::codeOf([&] { Announcement("name", 5100, "publisher", options); }) == Errc::badEndpoint);
}

TEST_CASE("a moved announcement goes on; what it was moved from says so") {
  Server server(stage::anywhere());
  Announcement first("name", 5100, "publisher", at(server));
  Announcement second = std::move(first);
  CHECK(second.wait(support::kLimit));
  first.stop();
  CHECK(support::codeOf([&] { first.wait(0ms); }) == Errc::movedFrom);
  CHECK(stage::clientOf(server).instances("name").size() == 1);
}

TEST_CASE("a forked child leaves its parent's announcement alone") {
  if (!support::kCanForkAmidAllocations) return;
  Server server(stage::anywhere());
  auto announced = std::make_unique<Announcement>("name", static_cast<std::uint16_t>(5100), "publisher", at(server));
  REQUIRE(announced->wait(support::kLimit));
  CHECK(support::inFork([&] {
          support::expect(support::codeOf([&] { announced->wait(0ms); }) == Errc::otherProcess, "refused");
          announced.reset();
        }) == "");
  CHECK(stage::clientOf(server).instances("name").size() == 1);
}
