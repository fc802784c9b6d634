// Services between programs that have keys: what the registry vouches for, who may register, who may call.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "golden.pb.h"
#include "registry/stage.hpp"
#include "support/child.hpp"
#include "support/key_ring.hpp"
#include "support/limit.hpp"
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

/// Asks a secured registry in its own words, as a hostile program may.
class Asker {
 public:
  Asker(const dividere::registry::Server& server, const KeyRing& own)
      : request_(stage::at(server.port()), own.options()) {}

  template <class Reply, class Message>
  Reply ask(const Message& message) {
    request_.send(message);
    auto reply = request_.recv<Reply>(kLimit);
    if (!reply) throw std::runtime_error("no reply");
    return std::move(*reply);
  }

  /// The only instance.
  std::string looksUp(const std::string& name) {
    ServiceLookupReq all = stage::lookup(name);
    all.set_all(true);
    const auto reply = ask<ServiceLookupRep>(all);
    if (reply.instances_size() != 1) return std::to_string(reply.instances_size()) + " instances";
    const auto& found = reply.instances(0);
    return found.server() + ":" + std::to_string(found.port()) + " " + found.publickey();
  }

 private:
  dividere::messaging::Request request_;
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

TEST_CASE("a name is neither taken out of the registry nor taken over by whose key may not have it") {
  const LogCapture quiet;
  KeyRing registry("registry"), owner("owner"), thief("thief");
  for (KeyRing* each : {&owner, &thief}) {
    each->knows(registry);
    registry.admits(*each);
    registry.admits(*each, "authorized." + each->name() + "s");  // a name of its own
  }
  registry.admits(owner, "authorized.echo");
  dividere::registry::ServerOptions options = stage::anywhere();
  options.socket = registry.options();
  const dividere::registry::Server server(options);
  Asker byOwner(server, owner), byThief(server, thief);
  REQUIRE(byOwner.ask<ack>(stage::registration("echo", "127.0.0.1", 5100)).ok());
  REQUIRE(byThief.ask<ack>(stage::registration("thiefs", "127.0.0.1", 5200)).ok());

  const std::string why = "the key of thief is not in authorized.echo of the registry, nor in authorized.register";
  const auto isRefused = [&](const auto& message) {
    const auto reply = byThief.ask<ack>(message);
    return !reply.ok() && reply.reason() == why;
  };
  CHECK(isRefused(stage::unregistration("echo", "127.0.0.1", 5100)));
  RegisterService taken = stage::registration("echo", "127.0.0.1", 5200);
  CHECK(isRefused(taken));  // in its place
  taken.set_instance(true);
  CHECK(isRefused(taken));  // beside it
  taken.set_port(5100);
  taken.set_leasems(1);
  CHECK(isRefused(taken));  // at its place, to end at once
  CHECK(server.entries() == 2);
  CHECK(byThief.looksUp("echo") == "127.0.0.1:5100 " + owner.key());

  CHECK(byOwner.ask<ack>(stage::unregistration("echo", "127.0.0.1", 5100)).ok());
  CHECK(byOwner.looksUp("echo") == "0 instances");
}

TEST_CASE("the registry tells of the key that a service has proved, not of one that it names") {
  KeyRing registry("registry"), owner("owner"), other("other");
  owner.knows(registry);
  registry.admits(owner);
  registry.admits(owner, "authorized.echo");
  dividere::registry::ServerOptions options = stage::anywhere();
  options.socket = registry.options();
  const dividere::registry::Server server(options);
  Asker byOwner(server, owner);
  RegisterService lie = stage::registration("echo", "127.0.0.1", 5100);
  lie.set_publickey(other.key());
  REQUIRE(byOwner.ask<ack>(lie).ok());
  CHECK(byOwner.looksUp("echo") == "127.0.0.1:5100 " + owner.key());
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
