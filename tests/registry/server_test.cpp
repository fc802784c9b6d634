#include <doctest/doctest.h>

#include <chrono>
#include <dividere.hpp>
#include <optional>
#include <string>
#include <thread>

#include "golden.pb.h"
#include "stage.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/held_log.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/registry_ports.hpp"
#include "support/tcp.hpp"
#include "support/thrown.hpp"

using dividere::Errc;
using dividere::registry::Server;
using dividere::registry::ServerOptions;
using stage::at;
using stage::OldPeer;
using namespace std::chrono_literals;

// --- As the Python package has it ---

TEST_CASE("a service registers, is found, unregisters, and is not found any more") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  CHECK(peer.looksUp("serviceTests.MyService") == "unavailable:0");
  CHECK(peer.registers("serviceTests.MyService", "192.0.2.7", 5100));
  CHECK(peer.looksUp("serviceTests.MyService") == "192.0.2.7:5100");
  CHECK(peer.unregisters("serviceTests.MyService", "192.0.2.7", 5100));
  CHECK(peer.looksUp("serviceTests.MyService") == "unavailable:0");
}

TEST_CASE("the reply to a look-up repeats the name") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  CHECK(peer.ask<ServiceLookupRep>(stage::lookup("nobody")).servicename() == "nobody");
}

TEST_CASE("unregistering what is not there is replied to with ok: false, and nothing ends") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  CHECK_FALSE(peer.unregisters("nobody", "a", 1));
  peer.registers("name", "a", 1);
  CHECK_FALSE(peer.unregisters("name", "b", 1));
  CHECK_FALSE(peer.unregisters("name", "a", 2));
  CHECK(peer.looksUp("name") == "a:1");
}

TEST_CASE("an old peer that comes back on another port replaces its entry") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  peer.registers("name", "a", 5100);
  peer.registers("name", "a", 5101);
  CHECK(peer.looksUp("name") == "a:5101");
  CHECK(peer.looksUp("name") == "a:5101");
  CHECK(server.entries() == 1);
}

TEST_CASE("an entry without a lease stays") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  peer.registers("old", "a", 1);
  RegisterService leased = stage::registration("leased", "a", 2);
  leased.set_leasems(1);
  peer.ask<ack>(leased);
  CHECK(support::eventually([&] { return peer.looksUp("leased") == "unavailable:0"; }));
  CHECK(peer.looksUp("old") == "a:1");
}

TEST_CASE("the ports are 5000 and 5001") {
  support::RegistryPorts ports;
  Server server;
  CHECK(server.port() == 5000);
  CHECK(server.announcePort() == 5001);
  OldPeer peer(5000);
  CHECK(peer.registers("name", "a", 1));
  CHECK(peer.looksUp("name") == "a:1");
}

// --- What was added ---

TEST_CASE("any number of instances have one name, and old peers that look it up go round them") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  for (std::uint32_t port = 1; port <= 3; ++port) {
    RegisterService service = stage::registration("name", "a", port);
    service.set_instance(true);
    CHECK(peer.ask<ack>(service).ok());
  }
  CHECK(peer.looksUp("name") == "a:1");
  CHECK(peer.looksUp("name") == "a:2");
  CHECK(peer.looksUp("name") == "a:3");
  CHECK(peer.looksUp("name") == "a:1");
}

TEST_CASE("an entry whose lease is not renewed is gone, also from the count") {
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  RegisterService service = stage::registration("name", "a", 1);
  service.set_leasems(1);
  CHECK(peer.ask<ack>(service).leases());
  CHECK(support::eventually([&] { return server.entries() == 0; }));
}

TEST_CASE("what is no service is not registered") {
  support::LogCapture quiet;
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  CHECK_FALSE(peer.registers("", "a", 1));
  CHECK_FALSE(peer.registers("name", "a", 0));
  CHECK_FALSE(peer.registers("name", "a", 70000));
  CHECK(server.entries() == 0);
}

// --- What is refused ---

TEST_CASE("a registration that is refused is replied to with the reason, and logged with whom it came from") {
  support::LogCapture log(dividere::LogLevel::warning);
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  const auto answer = peer.ask<ack>(stage::registration("name", std::string(30'000, 'h'), 1));
  CHECK_FALSE(answer.ok());
  CHECK(answer.leases());
  CHECK(answer.reason() == "its host has 30000 bytes, more than 253");
  REQUIRE(log.wait("refused to register 'name'"));
  const auto line = log.lines("refused").front();
  CHECK(line.component == "registry::Server");
  CHECK(support::contains(line.text, "asked by 127.0.0.1: its host has 30000 bytes"));
  CHECK(line.text.size() < 500);
}

TEST_CASE("refused registrations do not fill the log") {
  support::LogCapture log(dividere::LogLevel::warning);
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  const int count = 1000;
  for (int i = 0; i < count; ++i) CHECK_FALSE(peer.registers("name", "no host", 1));
  CHECK(log.lines("refused").size() < count / 2);  // one a second
}

TEST_CASE("registrations of absurd length leave a name callable") {
  for (const std::int64_t most : {std::int64_t{-1}, std::int64_t{256} * 1024 * 1024}) {
    support::LogCapture log;
    ServerOptions options = stage::anywhere();
    options.socket.maxMessageBytes = most;
    Server server(options);
    OldPeer peer(server.port());
    CHECK(peer.registers("name", "a", 1));
    dividere::messaging::Dealer hostile(at(server.port()));
    for (std::uint32_t port = 1; port <= 2; ++port) {
      hostile.send({""}, stage::registration("name", std::string(600'000, 'h'), port));
    }
    REQUIRE(log.wait("disconnected"));
    ServiceLookupReq all = stage::lookup("name");
    all.set_all(true);
    CHECK(peer.ask<ServiceLookupRep>(all).instances_size() == 1);
    CHECK(server.entries() == 1);
  }
}

TEST_CASE("what options leave no room for is refused") {
  support::LogCapture quiet;
  ServerOptions options = stage::anywhere();
  options.maxInstancesPerName = 1;
  options.maxEntries = 3;
  options.maxEntriesPerHost = 2;
  Server server(options);
  OldPeer peer(server.port());
  const auto why = [&](const std::string& name, std::uint32_t port) {
    RegisterService service = stage::registration(name, "a", port);
    service.set_instance(true);
    return peer.ask<ack>(service).reason();
  };
  CHECK(why("one", 1) == "");
  CHECK(why("one", 2) == "the name has 1 instances, and no more are taken");
  CHECK(why("two", 1) == "");
  CHECK(why("three", 1) == "this host has registered 2 entries, and no more are taken from it");
  CHECK(server.entries() == 2);
}

TEST_CASE("the reply to a look-up of a thousand instances on hosts with the longest names comes") {
  support::LogCapture quiet;
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  const std::string host = std::string(60, 'a') + "." + std::string(60, 'b') + "." + std::string(60, 'c') + ".example";
  for (std::uint32_t port = 1; port <= 1000; ++port) {
    RegisterService service = stage::registration(std::string(255, 'n'), host, port);
    service.set_instance(true);
    REQUIRE(peer.ask<ack>(service).ok());
  }
  ServiceLookupReq all = stage::lookup(std::string(255, 'n'));
  all.set_all(true);
  CHECK(peer.ask<ServiceLookupRep>(all).instances_size() > 100);
}

TEST_CASE("options that cannot be are refused in words") {
  const auto codeWith = [](const auto& set) {
    ServerOptions options = stage::anywhere();
    set(options);
    return support::codeOf([&] { Server server(options); });
  };
  CHECK(codeWith([](ServerOptions& options) { options.maxInstancesPerName = 0; }) == std::errc::invalid_argument);
  CHECK(codeWith([](ServerOptions& options) { options.maxEntries = 0; }) == std::errc::invalid_argument);
  CHECK(codeWith([](ServerOptions& options) { options.maxEntriesPerHost = 0; }) == std::errc::invalid_argument);
  CHECK(codeWith([](ServerOptions& options) { options.port = 65535; }) == std::errc::invalid_argument);
}

// --- Announcements ---

TEST_CASE("a registry that starts asks those who listen to register again") {
  stage::FreePorts ports;
  dividere::messaging::Subscriber listener(at(static_cast<std::uint16_t>(ports.first + 1)), {"RediscoverReq"});
  Server server(ports.options());
  CHECK(listener.recv<RediscoverReq>(support::kLimit));
}

TEST_CASE("who comes to listen later is asked as well") {
  Server server(stage::anywhere());
  for (int i = 0; i < 3; ++i) {
    dividere::messaging::Subscriber listener(at(server.announcePort()), {"RediscoverReq"});
    CHECK(listener.recv<RediscoverReq>(support::kLimit));
  }
}

TEST_CASE("who comes as another goes is asked as well") {
  Server server(stage::anywhere());
  support::HeldLog log("malformed");
  std::optional<dividere::messaging::Subscriber> listener;
  listener.emplace(at(server.announcePort()), std::vector<std::string>{"RediscoverReq"});
  CHECK(listener->recv<RediscoverReq>(support::kLimit));
  OldPeer peer(server.port());
  peer.request().connection().send("junk");
  REQUIRE(log.wait("malformed"));  // the registry's thread is held
  listener.reset();
  REQUIRE(log.wait("Publisher: disconnected"));
  dividere::messaging::Subscriber next(at(server.announcePort()), {"RediscoverReq"});
  REQUIRE(log.wait("Publisher: handshakeSucceeded", 2));
  log.release();
  CHECK(next.recv<RediscoverReq>(support::kLimit));
}

// --- Whoever asks ---

TEST_CASE("a correlation id in front comes back, and any number of requests may be under way") {
  Server server(stage::anywhere());
  dividere::messaging::Dealer dealer(at(server.port()));
  for (const char* id : {"first", "second", "third"}) dealer.send({id, ""}, stage::lookup(id));
  for (const char* id : {"first", "second", "third"}) {
    const auto answer = dealer.recv(support::kLimit);
    REQUIRE(answer);
    CHECK(answer->route == dividere::connection::Route{id, ""});
    CHECK(static_cast<const ServiceLookupRep&>(*answer->body).servicename() == id);
  }
}

TEST_CASE("junk and wrong types are replied to with an error, and leave the registry ready") {
  support::LogCapture quiet;
  Server server(stage::anywhere());
  OldPeer peer(server.port());
  auto& bytes = peer.request().connection();
  const dividere::messaging::ProtoBuffEncoder encoder;
  const std::string cut = encoder.encode(stage::registration("name", "server", 1));
  for (const std::string& junk : {std::string(), std::string("junk"), std::string(10000, '\xFF'), std::string(1, '\0'),
                                  cut.substr(0, cut.size() - 3), encoder.encode(Msg01()), encoder.encode(ack())}) {
    bytes.send(junk);
    CHECK(support::codeOf([&] { peer.request().recv<ServiceLookupRep>(support::kLimit); }).category() ==
          dividere::errorCategory());
    CHECK(peer.looksUp("nobody") == "unavailable:0");
  }
}

TEST_CASE("messages of no frame or many, and of other sockets, leave the registry ready") {
  support::LogCapture quiet;
  Server server(stage::anywhere());
  support::RawSocket dealer(ZMQ_DEALER);
  dealer.connect(at(server.port()));
  const std::string request = dividere::messaging::ProtoBuffEncoder().encode(stage::lookup("nobody"));
  dealer.send({""});
  dealer.send({"", ""});
  dealer.send({"", "two", "frames"});
  dealer.send(support::Frames(100, "many"));
  dealer.send({request});  // no empty frame: replied to all the same
  for (;;) {
    const auto answer = dealer.recv();
    REQUIRE(answer);
    if (answer->size() == 1 && answer->back().find("unavailable") != std::string::npos) break;
  }
  auto stream = support::TcpStream::connect(server.port());
  stream.send("GET / HTTP/1.1\r\n\r\n");
  CHECK(stream.endedByPeer());
  OldPeer peer(server.port());
  CHECK(peer.looksUp("nobody") == "unavailable:0");
}

// --- Begin and end ---

TEST_CASE("a port that is taken is an error that names it") {
  Server server(stage::anywhere());
  ServerOptions same = stage::anywhere();
  same.port = server.port();
  const auto first = support::errorOf([&] { Server second(same); });
  REQUIRE(first);
  CHECK(first->code() == std::errc::address_in_use);
  CHECK(std::string(first->what()).find(std::to_string(server.port())) != std::string::npos);

  ServerOptions options = stage::anywhere();
  options.announcePort = server.announcePort();
  const stage::FreePorts other;
  options.port = other.first;
  const auto second = support::errorOf([&] { Server third(options); });
  REQUIRE(second);
  CHECK(second->code() == std::errc::address_in_use);
  CHECK(std::string(second->what()).find(std::to_string(server.announcePort())) != std::string::npos);
  CHECK(support::contains(second->what(), "registry::Server: announcements: "));
  // And the other port is free again.
  CHECK_FALSE(support::errorOf([&] { Server fourth(other.options()); }));
}

TEST_CASE("stop() frees both ports, from any thread, any number of times") {
  const stage::FreePorts ports;
  Server server(ports.options());
  std::thread([&] { server.stop(); }).join();
  server.stop();
  CHECK_FALSE(support::errorOf([&] { Server next(ports.options()); }));
}

TEST_CASE("a registry that is inherited by a fork is the parent's alone") {
  if (!support::kCanForkAmidAllocations) return;
  Server server(stage::anywhere());
  CHECK(support::inFork([&] { server.stop(); }) == "");
  CHECK(support::inFork([&] {
          auto inherited = std::make_unique<Server>(stage::anywhere());
          stage::OldPeer peer(inherited->port());
          support::expect(peer.looksUp("nobody") == "unavailable:0", "a new one answers");
        }) == "");
  OldPeer peer(server.port());
  CHECK(peer.looksUp("nobody") == "unavailable:0");
}
