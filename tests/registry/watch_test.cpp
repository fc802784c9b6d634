#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stage.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/limit.hpp"
#include "support/log_capture.hpp"
#include "support/notes.hpp"
#include "support/thrown.hpp"

using dividere::Errc;
using dividere::registry::Announcement;
using dividere::registry::AnnouncementOptions;
using dividere::registry::Client;
using dividere::registry::Location;
using dividere::registry::Server;
using dividere::registry::ServiceAddress;
using dividere::registry::Watch;
using stage::OldPeer;
using namespace std::chrono_literals;

namespace {

/// What a watch has told: "+name:port" and "-name:port".
class Told {
 public:
  std::function<void(const ServiceAddress&, bool)> function() {
    return [notes = notes_](const ServiceAddress& address, bool isThere) {
      notes->add((isThere ? "+" : "-") + address.name + ":" + std::to_string(address.port) +
                 (address.kind.empty() ? "" : " " + address.kind));
    };
  }
  bool reach(std::size_t count) { return notes_->reach(count); }
  bool reachOne(const std::string& note) { return notes_->reachOne(note); }
  std::vector<std::string> all() { return notes_->all(); }

 private:
  std::shared_ptr<support::Notes<std::string>> notes_ = std::make_shared<support::Notes<std::string>>();
};

using List = std::vector<std::string>;

AnnouncementOptions at(const Server& server) {
  AnnouncementOptions options;
  options.registries = {stage::locationOf(server)};
  options.jitter = 0ms;
  return options;
}

RegisterService leased(const std::string& name, std::uint32_t port, std::uint32_t leaseMs) {
  RegisterService message = stage::registration(name, "192.0.2.7", port);
  message.set_instance(true);
  message.set_leasems(leaseMs);
  return message;
}

/// A registry that replies to look-ups as a function says, until it ends.
class FakeRegistry {
 public:
  explicit FakeRegistry(std::function<ServiceLookupRep(const ServiceLookupReq&)> reply)
      : thread_([this, reply = std::move(reply)] {
          while (!ends_) {
            const auto request = response_.recv<ServiceLookupReq>(20ms);
            if (request) response_.send(reply(*request));
          }
        }) {}
  ~FakeRegistry() {
    ends_ = true;
    thread_.join();
  }

  Client client() { return Client({Location{"localhost", port_}}); }

 private:
  dividere::messaging::Response response_{"tcp://*:*"};
  const std::uint16_t port_ = response_.port();
  std::atomic<bool> ends_{false};
  std::thread thread_;
};

}  // namespace

TEST_CASE("a watch tells first of those who are there, then of those who come and go") {
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  client.registerService("camera.left", 1);
  client.registerService("other", 2);
  Told told;
  Watch watch = client.watch("camera.*", told.function());
  REQUIRE(told.reachOne("+camera.left:1"));
  {
    Announcement right("camera.right", 3, "publisher", at(server));
    REQUIRE(told.reachOne("+camera.right:3 publisher"));
    client.registerService("lidar", 4);
  }
  REQUIRE(told.reachOne("-camera.right:3 publisher"));
  client.unregisterService("camera.left", 1);
  REQUIRE(told.reach(4));
  CHECK(told.all() ==
        List{"+camera.left:1", "+camera.right:3 publisher", "-camera.right:3 publisher", "-camera.left:1"});
}

TEST_CASE("a watch of one name tells of its instances alone") {
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  Told told;
  Watch watch = client.watch("camera", told.function());
  client.registerService("camera.left", 1);
  client.registerService("camera", 2);
  client.registerService("camera", 3);
  REQUIRE(told.reach(2));
  CHECK(told.all() == List{"+camera:2", "+camera:3"});
}

TEST_CASE("a watch tells that an instance says another kind") {
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  Told told;
  Watch watch = client.watch("name", told.function());
  OldPeer peer(server.port());
  RegisterService service = leased("name", 1, 0);
  CHECK(peer.ask<ack>(service).ok());
  REQUIRE(told.reachOne("+name:1"));
  service.set_kind("broker");
  CHECK(peer.ask<ack>(service).ok());
  CHECK(told.reachOne("+name:1 broker"));
}

TEST_CASE("a watch tells that a lease has ended") {
  Server server(stage::anywhere());
  Told told;
  Watch watch = stage::clientOf(server).watch("name", told.function());
  OldPeer peer(server.port());
  CHECK(peer.ask<ack>(leased("name", 1, 1500)).ok());
  CHECK(told.reachOne("+name:1"));
  CHECK(told.reachOne("-name:1"));
}

TEST_CASE("a watch lives through its registry's restart: who comes back never went, who does not has gone") {
  const stage::FreePorts ports;
  auto server = std::make_unique<Server>(ports.options());
  Announcement stays("stays", 1, "", at(*server));
  OldPeer(server->port()).registers("goes", "192.0.2.7", 2);
  OldPeer(server->port()).registers("is.late", "192.0.2.7", 3);
  Told told;
  Watch watch = stage::clientOf(*server).watch("*", told.function());
  REQUIRE(told.reach(3));
  server.reset();
  server = std::make_unique<Server>(ports.options());
  stage::clientOf(*server).registerService("comes", 4, support::kLimit);
  REQUIRE(told.reachOne("+comes:4"));  // it has been listed what the registry knows by now
  OldPeer(server->port()).registers("is.late", "192.0.2.7", 3);
  CHECK(told.reachOne("-goes:2"));
  CHECK(told.all().size() == 5);
}

TEST_CASE("a watch that begins before its registry tells of whoever is there in the end") {
  const stage::FreePorts ports;
  Client client({ports.location()});
  Told told;
  Watch watch = client.watch("name", told.function());
  Server server(ports.options());
  client.registerService("name", 1, support::kLimit);
  CHECK(told.reachOne("+name:1"));
}

TEST_CASE("of several registries each adds what it knows, and what none knows any more has gone") {
  Server first(stage::anywhere()), second(stage::anywhere());
  AnnouncementOptions both = at(first);
  both.registries.push_back(stage::locationOf(second));
  Client client({stage::locationOf(first), stage::locationOf(second)});
  Told told;
  Watch watch = client.watch("*", told.function());
  auto shared = std::make_unique<Announcement>("shared", static_cast<std::uint16_t>(1), "", both);
  stage::clientOf(second).registerService("single", 2);
  CHECK(told.reachOne("+shared:1"));
  CHECK(told.reachOne("+single:2"));
  CHECK(support::eventually([&] { return first.entries() == 1 && second.entries() == 2; }));
  const auto its = client.instances("shared", support::kLimit);
  REQUIRE(its.size() == 1);
  CHECK(OldPeer(first.port()).unregisters("shared", its[0].server, 1));
  stage::clientOf(second).unregisterService("single", 2);
  CHECK(told.reachOne("-single:2"));
  CHECK(told.all().size() == 3);  // the second registry still knows it
  shared.reset();
  CHECK(told.reachOne("-shared:1"));
}

TEST_CASE("a registry that stays away is believed no more once another is there") {
  auto first = std::make_unique<Server>(stage::anywhere());
  Server second(stage::anywhere());
  stage::clientOf(*first).registerService("single", 1);
  Told told;
  Watch watch = Client({stage::locationOf(*first), stage::locationOf(second)}).watch("*", told.function());
  REQUIRE(told.reachOne("+single:1"));
  first.reset();
  CHECK(told.reachOne("-single:1"));
}

// --- The function ---

TEST_CASE("a function that takes its time is told of how things are then, not of each change") {
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  support::Event entered, goOn;
  Told told;
  Watch watch = client.watch("*", [&, note = told.function()](const ServiceAddress& address, bool isThere) {
    entered.happen();
    goOn.wait();
    note(address, isThere);
  });
  client.registerService("a", 1);
  REQUIRE(entered.wait());
  for (int i = 0; i < 100; ++i) {
    client.registerService("b", 2);
    client.unregisterService("b", 2);
  }
  client.registerService("c", 3);
  goOn.happen();
  CHECK(told.reachOne("+c:3"));
  CHECK(told.all().size() < 100);
}

TEST_CASE("stop() may be called inside the function, which may also destroy the watch; nothing is told after it") {
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  client.registerService("a", 1);
  client.registerService("b", 2);
  support::Event begin, stopped;
  std::atomic<int> calls{0};
  auto watch = std::make_unique<Watch>();
  *watch = client.watch("*", [&](const ServiceAddress&, bool) {
    begin.wait();
    ++calls;
    watch->stop();
    watch.reset();
    stopped.happen();
  });
  begin.happen();
  REQUIRE(stopped.wait());
  Told told;
  Watch other = client.watch("*", told.function());
  CHECK(told.reach(2));
  CHECK(calls == 1);
}

TEST_CASE("what the function throws is logged, and the next is told") {
  support::LogCapture log;
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  client.registerService("a", 1);
  client.registerService("b", 2);
  std::atomic<int> calls{0};
  Watch watch = client.watch("*", [&](const ServiceAddress&, bool) {
    ++calls;
    throw std::runtime_error("too bad");
  });
  CHECK(support::eventually([&] { return calls == 2; }));
  watch.stop();
  CHECK_FALSE(log.lines("the function threw: too bad").empty());
}

TEST_CASE("the function may ask the registry") {
  Server server(stage::anywhere());
  Client client = stage::clientOf(server);
  client.registerService("a", 1);
  support::Event found;
  Watch watch = client.watch("a", [&](const ServiceAddress& address, bool) {
    if (client.lookupService(address.name, support::kLimit)) found.happen();
  });
  CHECK(found.wait());
}

TEST_CASE("what cannot be watched is refused; an empty or moved watch may be stopped") {
  const stage::FreePorts ports;
  Client client({ports.location()});
  CHECK(support::codeOf([&] { client.watch("", [](const ServiceAddress&, bool) {}); }) == std::errc::invalid_argument);
  CHECK(support::codeOf([&] { client.watch("name", nullptr); }) == std::errc::invalid_argument);
  Watch first = client.watch("name", [](const ServiceAddress&, bool) {});
  Watch second = std::move(first);
  first.stop();
  second.stop();
  second.stop();
  const Client moved = std::move(client);
  CHECK(support::codeOf([&] { client.watch("name", [](const ServiceAddress&, bool) {}); }) == Errc::movedFrom);
}

TEST_CASE("a forked child leaves its parent's watch alone") {
  if (!support::kCanForkAmidAllocations) return;
  Server server(stage::anywhere());
  Told told;
  auto watch = std::make_unique<Watch>();
  *watch = stage::clientOf(server).watch("name", told.function());
  CHECK(support::inFork([&] {
          watch->stop();
          watch.reset();
        }) == "");
  stage::clientOf(server).registerService("name", 1);
  CHECK(told.reachOne("+name:1"));
}

// --- Old and hostile registries ---

TEST_CASE("a registry that knows no patterns is asked for an exact name; of a pattern it is said that it cannot be") {
  support::LogCapture log;
  FakeRegistry old([](const ServiceLookupReq& request) {
    ServiceLookupRep reply;
    reply.set_servicename(request.servicename());
    const bool isThere = request.servicename() == "name";
    reply.set_server(isThere ? "192.0.2.7" : "unavailable");
    reply.set_port(isThere ? 5100 : 0);
    return reply;
  });
  Told told;
  Watch watch = old.client().watch("name", told.function());
  CHECK(told.reachOne("+name:5100"));
  Watch pattern = old.client().watch("na*", told.function());
  CHECK(support::eventually([&] { return !log.lines("knows exact names only").empty(); }));
  CHECK(told.all().size() == 1);
}

TEST_CASE("a registry that makes things up is believed in what can be, and asked no more often than is good") {
  support::LogCapture log;
  std::atomic<int> asked{0};
  FakeRegistry hostile([&](const ServiceLookupReq& request) {
    ++asked;
    ServiceLookupRep reply;
    reply.set_listed(true);
    reply.set_revision(request.since() + 1);
    reply.set_changes(request.since() > 0);
    const auto add = [&](const std::string& name, const std::string& server, std::uint32_t port) {
      ServiceInstance* const instance = reply.add_instances();
      instance->set_servicename(name);
      instance->set_server(server);
      instance->set_port(port);
      return instance;
    };
    add("other", "a", 1);
    add("name", "no host", 1);
    add("name", "a", 65536);
    add(std::string(300, 'n'), "a", 1);
    add("name.never", "a", 2)->set_gone(true);
    if (request.since() == 20) add("name.real", "a", 3);
    return reply;
  });
  Told told;
  Watch watch = hostile.client().watch("name*", told.function());
  CHECK(told.reachOne("+name.real:3"));
  CHECK(told.all().size() == 1);
}

TEST_CASE("a list without an end ends a watch's question, not the watch") {
  support::LogCapture log;
  std::atomic<int> asked{0};
  FakeRegistry hostile([&](const ServiceLookupReq&) {
    ServiceLookupRep reply;
    reply.set_listed(true);
    reply.set_more(true);
    ++asked;
    return reply;
  });
  Watch watch = hostile.client().watch("name*", [](const ServiceAddress&, bool) {});
  CHECK(support::eventually([&] { return !log.lines("a list without an end").empty(); }));
  CHECK(asked == 1);
}

// --- How many ---

TEST_CASE("10,000 instances are told of, and then what changes of them") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    REQUIRE(peer.registers("a.rather.long.name." + std::to_string(i), "192.0.2.7", 5100));
  }
  Client client = stage::clientOf(server);
  CHECK(client.instances("a.rather.*", support::kLimit).size() == 10'000);
  Told told;
  Watch watch = client.watch("a.rather.*", told.function());
  REQUIRE(told.reach(10'000));
  CHECK(peer.unregisters("a.rather.long.name.77", "192.0.2.7", 5100));
  CHECK(told.reachOne("-a.rather.long.name.77:5100"));
}
