#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stage.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/limit.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/registry_ports.hpp"
#include "support/thrown.hpp"

using dividere::Errc;
using dividere::registry::Client;
using dividere::registry::ClientOptions;
using dividere::registry::Location;
using dividere::registry::Server;
using stage::OldPeer;
using namespace std::chrono_literals;

TEST_CASE("what one client registers another looks up, until it is unregistered") {
  Server server(stage::anywhere());
  Client here = stage::clientOf(server), there = stage::clientOf(server);
  CHECK_FALSE(there.lookupService("demo.Calculator"));
  here.registerService("demo.Calculator", 5100);
  const auto found = there.lookupService("demo.Calculator");
  REQUIRE(found);
  CHECK(found->name == "demo.Calculator");
  CHECK(found->port == 5100);
  CHECK_FALSE(found->server.empty());
  here.unregisterService("demo.Calculator", 5100);
  CHECK_FALSE(there.lookupService("demo.Calculator"));
}

TEST_CASE("unregistering what is not there changes nothing") {
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  client.registerService("name", 5100);
  client.unregisterService("name", 5101);
  client.unregisterService("another", 5100);
  CHECK(client.lookupService("name"));
}

TEST_CASE("look-ups go round the instances, and one that unregisters leaves the others") {
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  for (const std::uint16_t port : std::vector<std::uint16_t>{5100, 5101, 5102}) client.registerService("name", port);
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < 4; ++i) ports.push_back(client.lookupService("name")->port);
  CHECK(ports == std::vector<std::uint16_t>{5100, 5101, 5102, 5100});
  client.unregisterService("name", 5101);
  for (int i = 0; i < 4; ++i) CHECK(client.lookupService("name")->port != 5101);
}

TEST_CASE("by default the registry is asked at port 5000 of this machine") {
  support::RegistryPorts ports;
  Server server;
  Client client;
  client.registerService("name", 5100);
  CHECK(Client("127.0.0.1").lookupService("name"));
  CHECK(Client("localhost", 5000).lookupService("name"));
}

TEST_CASE("the registered address is the one that is advertised") {
  Server server(stage::anywhere());
  ClientOptions options;
  options.advertise = "services.example";
  Client client({stage::locationOf(server)}, options);
  client.registerService("name", 5100);
  CHECK(stage::clientOf(server).lookupService("name")->server == "services.example");
  stage::clientOf(server).unregisterService("name", 5100);  // another server
  CHECK(client.lookupService("name"));
  client.unregisterService("name", 5100);
  CHECK_FALSE(client.lookupService("name"));
}

TEST_CASE("an old peer finds what is registered here, and the other way round") {
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  OldPeer peer(server.port());
  client.registerService("ours", 5100);
  CHECK(peer.looksUp("ours") == client.lookupService("ours")->server + ":5100");
  peer.registers("theirs", "192.0.2.7", 5200);
  const auto found = client.lookupService("theirs");
  REQUIRE(found);
  CHECK((found->server == "192.0.2.7" && found->port == 5200));
}

TEST_CASE("a registration that the registry does not take is an error") {
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  CHECK(support::codeOf([&] { client.registerService("", 5100); }) == std::errc::invalid_argument);
}

TEST_CASE("a name that no service can have is refused before it is sent, and costs nobody the connection") {
  support::LogCapture log;
  Server server(stage::anywhere());
  Client client = stage::clientOf(server), other = stage::clientOf(server);
  other.registerService("name", 5100);
  const std::string name(2'000'000, 'n');
  for (const auto& call : std::vector<std::function<void()>>{
           [&] { client.registerService(name, 5100); }, [&] { client.unregisterService(name, 5100); },
           [&] { client.lookupService(name); }, [&] { client.instances(name); }, [&] { client.lookupService(""); }}) {
    const auto error = support::errorOf(call);
    REQUIRE(error);
    CHECK(error->code() == std::errc::invalid_argument);
    CHECK(support::contains(error->what(), "registry::Client: "));
    CHECK(support::contains(error->what(), "the name "));
    CHECK(std::string(error->what()).size() < 500);
  }
  CHECK(other.lookupService("name"));
  for (const auto& line : log.lines(std::to_string(server.port()))) {
    CHECK_FALSE(support::contains(line.text, "disconnected"));
  }
}

TEST_CASE("an address to advertise that cannot be a host is refused in words") {
  ClientOptions options;
  options.advertise = "tcp://localhost";
  const auto error = support::errorOf([&] { Client({Location{}}, options); });
  REQUIRE(error);
  CHECK(error->code() == std::errc::invalid_argument);
  CHECK(support::contains(error->what(), "registry::Client: advertise: the host 'tcp://localhost' is no host name"));
}

TEST_CASE("a registration that is refused throws what the registry says") {
  support::LogCapture quiet;
  dividere::registry::ServerOptions options = stage::anywhere();
  options.maxEntries = 1;
  Server server(options);
  Client client = stage::clientOf(server);
  client.registerService("name", 5100);
  const auto refused = support::errorOf([&] { client.registerService("another", 5100); });
  REQUIRE(refused);
  CHECK(refused->code() == std::errc::invalid_argument);
  CHECK(support::contains(refused->what(), "the registry has 1 entries, and no more are taken"));
}

// --- Lists ---

namespace {

/// A registry that replies to each look-up with what `reply` makes of it, as often as told.
class FakeRegistry {
 public:
  FakeRegistry(int times, std::function<ServiceLookupRep(const ServiceLookupReq&)> reply)
      : response_("tcp://*:*"), thread_([this, times, reply = std::move(reply)] {
          for (int i = 0; i < times; ++i) {
            const auto request = response_.recv<ServiceLookupReq>(support::kLimit);
            if (request) response_.send(reply(*request));
          }
        }) {}
  ~FakeRegistry() { thread_.join(); }

  Client client() { return Client({Location{"localhost", port_}}); }

 private:
  dividere::messaging::Response response_;
  const std::uint16_t port_ = response_.port();
  std::thread thread_;
};

/// As those of 0.1 and of the Python package: they look for the name.
ServiceLookupRep exactly(const std::string& name, const ServiceLookupReq& request) {
  ServiceLookupRep reply;
  reply.set_servicename(request.servicename());
  const bool isThere = request.servicename() == name;
  reply.set_server(isThere ? "192.0.2.7" : "unavailable");
  reply.set_port(isThere ? 5100 : 0);
  return reply;
}

std::vector<std::string> listOf(const std::vector<dividere::registry::ServiceAddress>& instances) {
  std::vector<std::string> all;
  for (const auto& each : instances) all.push_back(each.name + "@" + each.server + ":" + std::to_string(each.port));
  return all;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("instances() lists every instance of one name, or of all names that begin so") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  for (const char* name : {"camera.left", "camera.right", "cam"}) CHECK(peer.registers(name, "a", 1));
  RegisterService second = stage::registration("camera.left", "b", 2);
  second.set_instance(true);
  CHECK(peer.ask<ack>(second).ok());
  Client client = stage::clientOf(server);
  CHECK(listOf(client.instances("camera.left")) == List{"camera.left@a:1", "camera.left@b:2"});
  CHECK(listOf(client.instances("camera.*")) == List{"camera.left@a:1", "camera.left@b:2", "camera.right@a:1"});
  CHECK(client.instances("*").size() == 4);
  CHECK(client.instances("camera").empty());
  CHECK(client.instances("nobody.*", support::kLimit).empty());
}

TEST_CASE("a list that is too long for one reply is whole all the same") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  const int count = 3000;
  for (int i = 0; i < count; ++i) REQUIRE(peer.registers("a.rather.long.name." + std::to_string(i), "192.0.2.7", 5100));
  Client client = stage::clientOf(server);
  std::set<std::string> names;
  for (const auto& each : client.instances("a.rather.*", support::kLimit)) names.insert(each.name);
  CHECK(names.size() == count);
}

TEST_CASE("a registry that knows no patterns lists an exact name; a pattern is refused in words") {
  FakeRegistry old(3, [](const ServiceLookupReq& request) { return exactly("name", request); });
  Client client = old.client();
  CHECK(listOf(client.instances("name")) == List{"name@192.0.2.7:5100"});
  CHECK(client.instances("nobody").empty());
  const auto refused = support::errorOf([&] { client.instances("name.*"); });
  REQUIRE(refused);
  CHECK(refused->code() == std::errc::not_supported);
  CHECK(support::contains(refused->what(), "registry::Client: instances 'name.*'"));
  CHECK(support::contains(refused->what(), "exact names only"));
}

TEST_CASE("a list without an end is refused") {
  const auto sameAgain = [](const ServiceLookupReq&) {
    ServiceLookupRep reply;
    reply.set_listed(true);
    reply.set_more(true);
    ServiceInstance* const instance = reply.add_instances();
    instance->set_servicename("name");
    instance->set_server("a");
    instance->set_port(1);
    return reply;
  };
  FakeRegistry hostile(2, sameAgain);
  CHECK(support::codeOf([&] { hostile.client().instances("*"); }) == Errc::malformed);
  FakeRegistry hollow(1, [&](const ServiceLookupReq& request) {
    ServiceLookupRep reply = sameAgain(request);
    reply.clear_instances();
    return reply;
  });
  CHECK(support::codeOf([&] { hollow.client().instances("*"); }) == Errc::malformed);
  FakeRegistry absurd(1, [&](const ServiceLookupReq& request) {
    ServiceLookupRep reply = sameAgain(request);
    reply.mutable_instances(0)->set_servicename(std::string(500'000, 'n'));
    return reply;
  });
  CHECK(support::codeOf([&] { absurd.client().instances("*"); }) == Errc::malformed);
}

TEST_CASE("ports that are none are not told of") {
  FakeRegistry hostile(2, [](const ServiceLookupReq& request) {
    ServiceLookupRep reply = exactly("name", request);
    reply.set_port(65536 + 80);
    return reply;
  });
  CHECK(hostile.client().instances("name").empty());
  CHECK_FALSE(hostile.client().lookupService("name"));
}

// --- No registry ---

TEST_CASE("without a registry every call gives up after its time-out, and says so") {
  const stage::FreePorts ports;
  Client client({ports.location()});
  for (const auto& call : std::vector<std::function<void()>>{[&] { client.lookupService("name", 50ms); },
                                                             [&] { client.registerService("name", 5100, 50ms); },
                                                             [&] { client.unregisterService("name", 5100, 50ms); }}) {
    const auto begin = std::chrono::steady_clock::now();
    const auto error = support::errorOf(call);
    REQUIRE(error);
    CHECK(error->code() == Errc::noRegistry);
    CHECK(std::string(error->what()).find(std::to_string(ports.first)) != std::string::npos);
    CHECK(std::chrono::steady_clock::now() - begin >= 50ms);
  }
}

TEST_CASE("the time-out of a client's options counts where none is told") {
  const stage::FreePorts ports;
  ClientOptions options;
  options.timeout = 10ms;
  Client client({ports.location()}, options);
  CHECK(support::codeOf([&] { client.lookupService("name"); }) == Errc::noRegistry);
}

TEST_CASE("a call waits for a registry that starts meanwhile") {
  const stage::FreePorts ports;
  Client client({ports.location()});
  std::unique_ptr<Server> server;
  std::thread starting([&] { server = std::make_unique<Server>(ports.options()); });
  CHECK_FALSE(client.lookupService("name", support::kLimit));
  starting.join();
}

TEST_CASE("what was given up is not done later") {
  const stage::FreePorts ports;
  Client client({ports.location()});
  CHECK(support::codeOf([&] { client.registerService("name", 5100, 1ms); }) == Errc::noRegistry);
  Server server(ports.options());
  CHECK_FALSE(client.lookupService("name", support::kLimit));
}

TEST_CASE("a client survives any number of restarts of its registry") {
  const stage::FreePorts ports;
  auto server = std::make_unique<Server>(ports.options());
  Client client = stage::clientOf(*server);
  for (std::uint16_t i = 0; i < 5; ++i) {
    client.registerService("name", static_cast<std::uint16_t>(5100 + i), support::kLimit);
    CHECK(client.lookupService("name", support::kLimit)->port == 5100 + i);
    server.reset();
    server = std::make_unique<Server>(ports.options());
  }
}

TEST_CASE("a registry that is killed with a question in its hands is asked again when it is back") {
  const stage::FreePorts ports;
  auto silent = std::make_unique<dividere::connection::Response>("tcp://*:" + std::to_string(ports.first));
  std::optional<dividere::registry::ServiceAddress> found;
  std::thread asking([&] { found = Client({ports.location()}).lookupService("name", support::kLimit); });
  CHECK(silent->recv(support::kLimit));  // it has the question
  silent.reset();
  Server server(ports.options());
  asking.join();
  CHECK_FALSE(found);
}

// --- Several registries ---

TEST_CASE("of several registries the first that is there is asked") {
  const stage::FreePorts nobody;
  Server first(stage::anywhere()), second(stage::anywhere());
  stage::clientOf(first).registerService("first", 5100);
  stage::clientOf(second).registerService("second", 5100);
  Client client({nobody.location(), stage::locationOf(first), stage::locationOf(second)});
  CHECK(client.lookupService("first"));
  CHECK_FALSE(client.lookupService("second"));
  first.stop();
  CHECK(client.lookupService("second", support::kLimit));
}

TEST_CASE("a registry that is there and does not reply is passed over") {
  dividere::connection::Response silent("tcp://*:*");
  Server server(stage::anywhere());
  stage::clientOf(server).registerService("name", 5100);
  Client client({Location{"localhost", silent.port()}, stage::locationOf(server)});
  CHECK(client.lookupService("name", support::kLimit));
}

TEST_CASE("a registry cannot reply to what another one was asked, though it can guess the id") {
  support::LogCapture quiet;
  dividere::messaging::Response honest("tcp://*:*");
  support::RawSocket forger(ZMQ_ROUTER);
  const std::string endpoint = forger.bind();
  const auto port = static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1)));
  dividere::registry::AnnouncementOptions options;
  options.registries = {Location{"localhost", honest.port()}, Location{"127.0.0.1", port}};
  options.jitter = 0ms;
  dividere::registry::Announcement announced("name", 5100, "", options);  // both are told: so the ids are known
  auto told = forger.recv();
  REQUIRE(told);
  REQUIRE(told->size() == 4);
  REQUIRE(honest.recv<RegisterService>(support::kLimit));
  ack no;
  honest.send(no);  // it is not known there
  Client client(options.registries);
  std::optional<dividere::registry::ServiceAddress> found;
  std::thread asking([&] { found = client.lookupService("name", support::kLimit); });
  REQUIRE(honest.recv<ServiceLookupReq>(support::kLimit));
  ServiceLookupRep forged;
  forged.set_server("192.0.2.66");
  forged.set_port(66);
  support::Frames frames = *told;
  dividere::messaging::ProtoBuffEncoder encoder;
  frames.back() = encoder.encode(forged);
  for (int guess = 1; guess < 100; ++guess) {
    frames[1].back() = static_cast<char>(guess);
    if (frames[1] != (*told)[1]) forger.send(frames);
  }
  ack yes;
  yes.set_ok(true);
  told->back() = encoder.encode(yes);
  forger.send(*told);
  REQUIRE(announced.wait(support::kLimit));  // the forged ones have been read
  forged.set_server("192.0.2.7");
  honest.send(forged);
  asking.join();
  REQUIRE(found);
  CHECK(found->server == "192.0.2.7");
}

TEST_CASE("a list of registries without one is refused") {
  CHECK(support::codeOf([] { Client client(std::vector<Location>{}); }) == Errc::badEndpoint);
  const auto error = support::errorOf([] { Client client("not a host"); });
  REQUIRE(error);
  CHECK(error->code() == Errc::badEndpoint);
  CHECK(support::contains(error->what(), "registry::Client: "));
  CHECK(support::codeOf([] { Client client("localhost", 65535); }) == Errc::badEndpoint);  // 65536 is no port
}

// --- Threads and processes ---

TEST_CASE("10,000 look-ups from 8 threads are all replied to, by one client or by one each") {
  Server server(stage::anywhere());
  Client shared = stage::clientOf(server);
  shared.registerService("name", 5100);
  for (const bool each : {false, true}) {
    CAPTURE(each);
    std::atomic<int> found{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        Client own = stage::clientOf(server);
        Client& client = each ? own : shared;
        for (int count = 0; count < 10000 / 8 / 2; ++count) {
          const auto address = client.lookupService("name", support::kLimit);
          if (address && address->port == 5100) ++found;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(found == 10000 / 2);
  }
}

TEST_CASE("a client may be moved; one that was moved from says so") {
  Server server(stage::anywhere());
  Client first = stage::clientOf(server);
  Client second = std::move(first);
  CHECK_FALSE(second.lookupService("name"));
  CHECK(support::codeOf([&] { first.lookupService("name"); }) == Errc::movedFrom);
}

TEST_CASE("a forked child makes its own client; its parent's says whose it is") {
  if (!support::kCanForkAmidAllocations) return;
  Server server(stage::anywhere());
  auto client = std::make_unique<Client>(stage::clientOf(server));
  client->registerService("name", 5100);
  CHECK(support::inFork([&] {
          support::expect(support::codeOf([&] { client->lookupService("name"); }) == Errc::otherProcess, "refused");
          client.reset();
          support::expect(stage::clientOf(server).lookupService("name").has_value(), "its own finds it");
        }) == "");
  CHECK(client->lookupService("name"));
}
