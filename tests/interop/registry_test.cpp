#include <doctest/doctest.h>

#include <dividere.hpp>
#include <optional>
#include <string>

#include "peer.hpp"
#include "registry/stage.hpp"

using dividere::registry::Client;
using dividere::registry::Server;
using interop::kPublished;
using interop::noPython;
using interop::Peer;
using interop::Words;

namespace {

Peer pythonRegistry() { return Peer("registry_server", {}, kPublished); }
Peer pythonClient(const Server& registry) { return Peer("registry_client", {stage::at(registry.port())}, kPublished); }

}  // namespace

TEST_SUITE("registry") {
  TEST_CASE("C++ registry, Python client: what is registered is found, until it is unregistered") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    Peer client = pythonClient(registry);
    const std::string address = client.ask({"address"})[0];
    CHECK(client.ask({"lookup", "demo.Echo"}) == Words{"demo.Echo", "unavailable", "0"});
    CHECK(client.ask({"register", "demo.Echo", "5100"}) == Words{"yes"});
    CHECK(client.ask({"register", "demo.Other", "5101"}) == Words{"yes"});
    CHECK(client.ask({"lookup", "demo.Echo"}) == Words{"demo.Echo", address, "5100"});
    CHECK(client.ask({"unregister", "demo.Echo", "5100"}) == Words{"yes"});
    CHECK(client.ask({"lookup", "demo.Echo"}) == Words{"demo.Echo", "unavailable", "0"});
    CHECK(client.ask({"lookup", "demo.Other"}) == Words{"demo.Other", address, "5101"});
  }

  TEST_CASE("C++ registry, Python clients: who registers a name anew takes it over") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    Peer one = pythonClient(registry), other = pythonClient(registry);
    one.ask({"register", "demo.Echo", "5100"});
    other.ask({"register", "demo.Echo", "5200"});
    for (int i = 0; i < 3; ++i) CHECK(one.ask({"lookup", "demo.Echo"})[2] == "5200");
  }

  TEST_CASE("C++ registry, Python and C++ clients: each finds what the other has registered, at the same address") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    Peer python = pythonClient(registry);
    Client client = stage::clientOf(registry);
    client.registerService("demo.Ours", 5100);
    CHECK(python.ask({"lookup", "demo.Ours"}) == Words{"demo.Ours", python.ask({"address"})[0], "5100"});
    python.ask({"register", "demo.Theirs", "5200"});
    const auto found = client.lookupService("demo.Theirs");
    REQUIRE(found);
    CHECK(found->server == python.ask({"address"})[0]);
    CHECK(found->port == 5200);
    CHECK(python.ask({"unregister", "demo.Ours", "5100"}) == Words{"yes"});
    CHECK_FALSE(client.lookupService("demo.Ours"));
  }

  TEST_CASE("Python registry, C++ client: what is registered is found, until it is unregistered") {
    if (noPython()) return;
    Peer registry = pythonRegistry();
    Client client({interop::locationOf(registry)});
    CHECK_FALSE(client.lookupService("demo.Echo"));
    client.registerService("demo.Echo", 5100);
    const Words registered = registry.hearUntil("registered");
    const auto found = client.lookupService("demo.Echo");
    REQUIRE(found);
    CHECK(found->name == "demo.Echo");
    CHECK(registered == Words{"registered", "demo.Echo", found->server, "5100"});
    CHECK(found->port == 5100);
    client.unregisterService("demo.Echo", 5100);
    CHECK(registry.hearUntil("unregistered") == Words{"unregistered", "demo.Echo", found->server, "5100"});
    CHECK_FALSE(client.lookupService("demo.Echo"));
  }

  TEST_CASE("Python registry that restarts, C++ client: it goes on asking") {
    if (noPython()) return;
    std::optional<Peer> registry(std::in_place, "registry_server", Words{}, kPublished);
    const Words ports = {registry->port(0), registry->port(1)};
    Client client({interop::locationOf(*registry)});
    client.registerService("demo.Echo", 5100);
    CHECK(client.lookupService("demo.Echo"));
    registry.emplace("registry_server", ports, kPublished);
    CHECK_FALSE(client.lookupService("demo.Echo", support::kLimit));
    client.registerService("demo.Echo", 5100, support::kLimit);
    CHECK(client.lookupService("demo.Echo"));
  }
}
