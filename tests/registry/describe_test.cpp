// What is found by name is asked what it is.
#include <doctest/doctest.h>
#include <zmq.h>

#include <chrono>
#include <dividere.hpp>
#include <future>
#include <string>
#include <vector>

#include "dividere.pb.h"
#include "golden.pb.h"
#include "stage.hpp"
#include "support/descriptions.hpp"
#include "support/limit.hpp"
#include "support/other_address.hpp"
#include "support/raw_socket.hpp"
#include "support/thrown.hpp"

using dividere::registry::Announcement;
using dividere::registry::AnnouncementOptions;
using dividere::registry::ClientOptions;
using dividere::registry::Described;
using dividere::registry::Server;
using namespace std::chrono_literals;
using support::kLimit;

namespace {

AnnouncementOptions at(const Server& server, const std::string& advertise = "127.0.0.1") {
  AnnouncementOptions options;
  options.registries = {stage::locationOf(server)};
  options.advertise = advertise;
  options.jitter = 0ms;
  return options;
}

std::uint16_t portOf(const std::string& endpoint) {
  return static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
}

std::vector<std::string> kinds(const std::vector<Described>& all) {
  std::vector<std::string> found;
  for (const Described& each : all) {
    found.push_back(each.address.name + ": " + (each.description ? each.description->kind : "?"));
  }
  return found;
}

}  // namespace

TEST_CASE("all that has such a name is asked what it is, whatever it is registered as") {
  Server server(stage::anywhere());
  dividere::messaging::Publisher publisher("tcp://*:*");
  Msg01 sent;
  publisher.send(sent);
  dividere::balancing::Broker broker(0, 0);
  Announcement front("site.camera", publisher.port(), "publisher", at(server));
  Announcement called("site.queue", broker.frontPort(), "broker", at(server));
  Announcement registry("site.registry", server.port(), "registry", at(server));
  Announcement word("site.word", publisher.port(), "a word of its own", at(server));
  Announcement other("elsewhere", server.port(), "registry", at(server));
  for (Announcement* each : {&front, &called, &registry, &word, &other}) REQUIRE(each->wait(kLimit));
  const auto all = stage::clientOf(server).describe("site.*", kLimit);
  CHECK(kinds(all) == std::vector<std::string>{"site.camera: publisher", "site.queue: broker",
                                               "site.registry: registry", "site.word: publisher"});
  CHECK(support::typeNames(all.at(0).description.value()) == std::vector<std::string>{"Msg01"});
  CHECK(all[0].address.port == publisher.port());
  CHECK(stage::clientOf(server).describe("nothing", kLimit).empty());
}

TEST_CASE("what does not describe itself is listed all the same, and delays no other one beyond the time there is") {
  Server server(stage::anywhere());
  support::RawSocket silent(ZMQ_REP);
  const std::string endpoint = silent.bind();
  Announcement old("site.a", portOf(endpoint), "service", at(server));
  Announcement ours("site.b", server.port(), "registry", at(server));
  REQUIRE(old.wait(kLimit));
  REQUIRE(ours.wait(kLimit));
  auto client = stage::clientOf(server);
  std::vector<Described> all;
  for (std::chrono::milliseconds limit = 1s; limit < kLimit; limit *= 2) {  // a busy machine may need more
    support::codeOf([&] { all = client.describe("site.*", limit); });
    if (all.size() == 2 && all[1].description) break;
  }
  CHECK(kinds(all) == std::vector<std::string>{"site.a: ?", "site.b: registry"});
  CHECK(all.at(0).fault.empty());
  CHECK_FALSE(silent.recv(0ms));
}

TEST_CASE("what is registered with this host's own address is asked over loopback, which is all that it tells") {
  const std::string address = support::otherAddress();
  if (address.empty()) return;
  Server server(stage::anywhere());
  Announcement here("here", server.port(), "registry", at(server, address));
  REQUIRE(here.wait(kLimit));
  REQUIRE(support::codeOf([&] {
            dividere::describe("tcp://" + address + ":" + std::to_string(server.port()), kLimit);
          }) == dividere::Errc::unauthorized);
  CHECK(kinds(stage::clientOf(server).describe("here", kLimit)) == std::vector<std::string>{"here: registry"});
}

TEST_CASE("why something does not describe itself is told, where it says so") {
  Server server(stage::anywhere());
  support::RawSocket refusing(ZMQ_ROUTER);
  refusing.set(ZMQ_ROUTING_ID, "dividere/describe");
  const std::string endpoint = refusing.bind();
  Announcement announced("strict", portOf(endpoint), "service", at(server));
  REQUIRE(announced.wait(kLimit));
  auto asking = std::async(std::launch::async, [&] { return stage::clientOf(server).describe("strict", kLimit); });
  auto question = refusing.recv();
  REQUIRE(question);
  DividereError refusal;
  refusal.set_code(10);
  refusal.set_text("not to you");
  question->back() = dividere::messaging::ProtoBuffEncoder().encode(refusal);
  refusing.send(*question);
  const auto all = asking.get();
  REQUIRE(all.size() == 1);
  CHECK_FALSE(all[0].description);
  CHECK(all[0].fault.find("not to you") != std::string::npos);
}
