// Services between programs that have keys: what the registry vouches for, who may register, who may call.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <memory>
#include <optional>
#include <string>

#include "golden.pb.h"
#include "support/child.hpp"
#include "support/key_ring.hpp"
#include "support/log_capture.hpp"
#include "support/thrown.hpp"

using namespace support;
using dividere::Errc;
using dividere::Error;

namespace {

/// Programs with keys of their own: all know the registry, and nobody else.
struct Town {
  KeyRing registry{"registry"}, service{"service"}, client{"client"};
  std::optional<Program> registryProgram;
  std::string port;

  Town() {
    for (KeyRing* each : {&service, &client}) {
      each->knows(registry);
      registry.admits(*each);
    }
    service.admits(client);
    registryProgram.emplace("keyed", std::vector<std::string>{"registry"}, environment(registry));
    port = registryProgram->line();
  }

  static std::vector<std::string> environment(const KeyRing& ring) {
    return {"DIVIDERE_KEYS=" + ring.directory(), "DIVIDERE_LOG=off"};
  }

  std::unique_ptr<Program> start(const KeyRing& ring, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin() + 1, port);
    return std::make_unique<Program>("keyed", arguments, environment(ring));
  }
};

}  // namespace

TEST_CASE("who knows the registry's key gets each service's from it, and a service knows who calls") {
  Town town;
  town.registry.admits(town.service, "authorized.echo");
  const auto service = town.start(town.service, {"service", "echo"});
  REQUIRE(service->line() == "ready");
  CHECK(town.start(town.client, {"client", "echo"})->line() == "hello from client at 127.0.0.1");
  CHECK(town.start(town.client, {"describe", "echo"})->line() == "echo: Msg01");
}

TEST_CASE("a name is registered only by whose key may have it") {
  Town town;
  SUBCASE("not by others") {
    town.registry.admits(town.client, "authorized.echo");
    CHECK(town.start(town.service, {"service", "echo"})->line() == "not registered");
  }
  SUBCASE("by one that may register any") {
    town.registry.admits(town.service, "authorized.register");
    CHECK(town.start(town.service, {"service", "echo"})->line() == "ready");
  }
}

TEST_CASE("a service that is only for a group ends others' calls as unauthorized") {
  Town town;
  town.registry.admits(town.service, "authorized.echo");
  const auto service = town.start(town.service, {"service", "echo", "operators"});
  REQUIRE(service->line() == "ready");
  CHECK(contains(town.start(town.client, {"client", "echo"})->line(), "Error 10: "));
  town.service.admits(town.client, "authorized.operators");
  CHECK(town.start(town.client, {"client", "echo"})->line() == "hello from client at 127.0.0.1");
}

TEST_CASE("who is kept out by the registry is told so at once, by calls and by questions, until he is let in") {
  Town town;
  town.registry.remove("authorized/client.key");
  for (const char* role : {"client", "look_up"}) {
    CAPTURE(role);
    const std::string told = town.start(town.client, {role, "echo"})->line();
    CHECK(contains(told, "Error 10: "));
    CHECK(contains(told, "the registry does not let this program's key in"));
  }
  town.registry.admits(town.client);
  CHECK(town.start(town.client, {"look_up", "echo"})->line() == "there is none");
}

TEST_CASE("a service is for a group only where it is secured") {
  dividere::service::Service service("open");
  CHECK(codeOf([&] { service.onlyFor("operators"); }) == std::errc::operation_not_permitted);
}
