#include <doctest/doctest.h>

#include <dividere.hpp>
#include <optional>
#include <stdexcept>
#include <string>

#include "peer.hpp"
#include "sample.hpp"
#include "service/stage.hpp"
#include "support/eventually.hpp"

using dividere::registry::Location;
using dividere::registry::Server;
using dividere::service::Client;
using dividere::service::Service;
using interop::kPublished;
using interop::kSamples;
using interop::locationOf;
using interop::noPython;
using interop::Peer;
using interop::Sample;
using interop::Words;
using stage::locationOf;
using support::kLimit;

namespace {

const std::string kName = "demo.Echo";

Peer pythonRegistry() { return Peer("registry_server", {}, kPublished); }

Peer pythonService(const Location& registry) {
  return Peer("service", {kName, stage::at(registry.port), stage::at(registry.announcePort)}, kPublished);
}

Peer pythonCaller(const Location& registry) { return Peer("service_caller", {stage::at(registry.port)}, kPublished); }

/// Replies with the message that it was asked with.
class CppService : public Service {
 public:
  explicit CppService(const Location& registry) : Service(kName, stage::at(registry)) {
    on([](const Msg01& message) {
      if (message.field1() == "bad") throw std::runtime_error("as asked");
      return message;
    });
    on([](const Empty01& message) { return message; });
    on([](const Tree& message) { return message; });
    on([](const Msg02& message) { return message; });
    onError([](const dividere::Error&) {});
    REQUIRE(start(kLimit));
  }
  ~CppService() override { stop(); }
};

void callAll(Peer& caller) {
  for (const Sample& sample : kSamples) {
    REQUIRE(Sample::of(caller.ask({"call", kName, sample.type, sample.text})) == sample);
  }
}

void callAll(Client& caller) {
  for (const Sample& sample : kSamples) {
    const auto answer = caller.call(*sample.message(), kLimit);
    REQUIRE(answer);
    CHECK(Sample::of(*answer) == sample);
  }
}

}  // namespace

TEST_SUITE("service") {
  TEST_CASE("C++ registry and service, Python caller: calls of all types are replied to") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    CppService service(locationOf(registry));
    Peer caller = pythonCaller(locationOf(registry));
    callAll(caller);
  }

  TEST_CASE("C++ registry and caller, Python service: calls of all types are replied to") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    Peer service = pythonService(locationOf(registry));
    service.hearUntil("registered");
    Client caller(kName, stage::asking(registry));
    callAll(caller);
  }

  TEST_CASE("C++ registry, Python service and caller: calls of all types are replied to") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    Peer service = pythonService(locationOf(registry)), caller = pythonCaller(locationOf(registry));
    service.hearUntil("registered");
    callAll(caller);
  }

  TEST_CASE("Python registry and caller, C++ service: calls of all types are replied to, until it stops") {
    if (noPython()) return;
    Peer registry = pythonRegistry(), caller = pythonCaller(locationOf(registry));
    std::optional<CppService> service(locationOf(registry));
    callAll(caller);
    service.reset();
    registry.hearUntil("unregistered");
    CHECK(caller.ask({"call", kName, "Msg01", ""}) == Words{"unavailable"});
  }

  TEST_CASE("Python registry and service, C++ caller: calls of all types are replied to") {
    if (noPython()) return;
    Peer registry = pythonRegistry(), service = pythonService(locationOf(registry));
    registry.hearUntil("registered");
    Client caller(kName, stage::asking(locationOf(registry)));
    callAll(caller);
  }

  TEST_CASE("Python registry, C++ service and caller: calls of all types are replied to") {
    if (noPython()) return;
    Peer registry = pythonRegistry();
    CppService service(locationOf(registry));
    Client caller(kName, stage::asking(locationOf(registry)));
    callAll(caller);
  }

  TEST_CASE("C++ registry and service, Python caller: an error is a message that it does not know, and it goes on") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    CppService service(locationOf(registry));
    Peer caller = pythonCaller(locationOf(registry));
    CHECK(caller.ask({"call", kName, "Msg01", "field1: 'bad'"}) == Words{"unknown", "DividereError"});
    CHECK(caller.ask({"call", kName, "Scalars", ""}) == Words{"unknown", "DividereError"});
    callAll(caller);
  }

  TEST_CASE("C++ registry and caller, Python service: one that is killed and starts anew is found again") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    Client caller(kName, stage::asking(registry));
    for (int i = 0; i < 2; ++i) {
      Peer service = pythonService(locationOf(registry));
      service.hearUntil("registered");
      callAll(caller);
      service.hearUntil("request");
    }
  }
}

TEST_SUITE("service, registering again") {
  TEST_CASE("Python registry, C++ service: asked to, it does") {
    if (noPython()) return;
    Peer registry = pythonRegistry();
    registry.hearUntil("announced");  // the one after its start, which nobody hears
    CppService service(locationOf(registry));
    Words registered, listened;
    while (registered.empty() || listened.empty()) {
      const Words said = registry.hear();
      (said[0] == "registered" ? registered : listened) = said;
    }
    for (int i = 0; i < 2; ++i) {
      registry.tell({"announce"});
      CHECK(registry.hearUntil("registered") == registered);
    }
  }

  TEST_CASE("Python registry that restarts, C++ service: it does, and is found again") {
    if (noPython()) return;
    const stage::FreePorts free;
    const Words ports = {std::to_string(free.first), std::to_string(free.first + 1)};
    std::optional<Peer> registry(std::in_place, "registry_server", ports, kPublished);
    const Location location = locationOf(*registry);
    CppService service(location);
    const Words registered = registry->hearUntil("registered");
    registry.emplace("registry_server", ports, kPublished);
    CHECK(registry->hearUntil("registered") == registered);
    Peer caller = pythonCaller(location);
    callAll(caller);
  }

  TEST_CASE("C++ registry that restarts, Python service: asked to, it does, and is found again") {
    if (noPython()) return;
    const stage::FreePorts ports;
    std::optional<Server> registry(ports.options());
    const Location location = locationOf(*registry);
    Peer service = pythonService(location);
    // As it starts, and again when the registry has seen it listen. In the middle of that it would wait for the old
    // registry's reply for ever, as in the package.
    for (int i = 0; i < 2; ++i) service.hearUntil("registered");
    registry.reset();
    registry.emplace(ports.options());
    // Nothing else makes it register.
    REQUIRE(support::eventually([&] { return registry->entries() == 1; }));
    Client caller(kName, stage::asking(location));
    callAll(caller);
  }

  TEST_CASE("C++ registry that comes later, Python service: it waits for it, and is found") {
    if (noPython()) return;
    stage::FreePorts ports;
    Location location = ports.location();
    location.announcePort = static_cast<std::uint16_t>(ports.first + 1);
    Peer service = pythonService(location);
    Server registry(ports.options());
    service.hearUntil("registered");
    Client caller(kName, stage::asking(location));
    callAll(caller);
  }
}
