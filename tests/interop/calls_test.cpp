// What calls can do here, and Python peers, which know nothing of it: each does something sensible, and nobody is at a loss.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <dividere.hpp>
#include <string>
#include <vector>

#include "peer.hpp"
#include "sample.hpp"
#include "service/stage.hpp"
#include "support/eventually.hpp"
#include "support/notes.hpp"

using dividere::Call;
using dividere::CallOptions;
using dividere::Errc;
using dividere::balancing::Broker;
using dividere::balancing::Worker;
using dividere::reactor::Sender;
using dividere::registry::Location;
using dividere::registry::Server;
using dividere::service::Client;
using dividere::service::Service;
using interop::kPublished;
using interop::noPython;
using interop::Peer;
using interop::Words;
using stage::locationOf;
using stage::msg01;
using support::kLimit;

namespace {

const std::string kName = "demo.Echo";
const std::string kCalm = "60";

Peer pythonService(const Location& registry) {
  return Peer("service", {kName, stage::at(registry.port), stage::at(registry.announcePort)}, kPublished);
}

std::string at(std::uint16_t port) { return "tcp://127.0.0.1:" + std::to_string(port); }

/// What a handler is told of a request, and every way to end it.
template <class Handling>
void handleAll(Handling& handling, support::Notes<std::string>& notes) {
  handling
      .on([&](const Msg01& message, Sender& sender) {
        const bool isUnlimited = sender.remaining() == std::chrono::milliseconds::max() && !sender.cancelled();
        notes.add(isUnlimited ? "unlimited" : "limited");
        sender.onCancel([&] { notes.add("cancelled"); });
        if (message.field1() == "fail") throw dividere::Failure(42, "as asked");
        sender.send(message);
      })
      .on("Named", [](const Msg02& message) { return message; })
      .onError([](const dividere::Error&) {});
}

void askAll(Peer& caller, const Words& call) {
  const auto ask = [&](const std::string& type, const std::string& text) {
    Words words = call;
    words.insert(words.end(), {type, text});
    return caller.ask(words);
  };
  CHECK(ask("Msg01", "field1: 'a'") == Words{"Msg01", "field1: \"a\""});
  CHECK(ask("Msg01", "field1: 'fail'") == Words{"unknown", "DividereError"});
  CHECK(ask("Msg02", "field2: 3") == Words{"unknown", "DividereError"});  // it cannot name the method
  CHECK(ask("Msg01", "field1: 'b'") == Words{"Msg01", "field1: \"b\""});
}

}  // namespace

TEST_SUITE("calls and Python peers") {
  TEST_CASE("C++ service, Python caller: no limit of time, no cancellation; a failure and a method are errors to it") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    support::Notes<std::string> notes;
    Service service(kName, stage::at(registry));
    handleAll(service, notes);
    REQUIRE(service.start(kLimit));
    Peer caller("service_caller", {stage::at(registry.port())}, kPublished);
    askAll(caller, {"call", kName});
    CHECK(notes.all() == std::vector<std::string>(3, "unlimited"));
  }

  TEST_CASE(
      "C++ broker and worker, Python client: no limit of time, no cancellation; a failure and a method are errors") {
    if (noPython()) return;
    Broker broker(0, 0);
    support::Notes<std::string> notes;
    Worker worker(at(broker.backPort()));
    handleAll(worker, notes);
    worker.start();
    REQUIRE(broker.waitForWorkers(1, kLimit));
    Peer client("typed_client", {at(broker.frontPort()), std::to_string(kLimit.count())}, kPublished);
    askAll(client, {"call"});
    CHECK(notes.all() == std::vector<std::string>(3, "unlimited"));
    CHECK(broker.stats().junk == 0);
  }

  TEST_CASE("C++ caller, Python service: calls with all options are replied to by their types") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    Peer service = pythonService(locationOf(registry));
    service.hearUntil("registered");
    Client client(kName, stage::asking(registry));
    CallOptions options;
    options.method = "Named";
    options.priority = 7;
    options.repeatable = false;
    Call<Msg01> call = client.start<Msg01>(msg01("named"), kLimit, options);
    const auto reply = call.get();
    REQUIRE(reply);
    CHECK(reply->field1() == "named");
    auto stream = client.stream<Msg01>(msg01("stream"), kLimit);
    CHECK_FALSE(stream.next());
    CHECK(stream.reply<Msg01>()->field1() == "stream");
  }

  TEST_CASE(
      "C++ caller, Python service: one that is cancelled or late has ended, and the next ones have their own replies") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    Peer service = pythonService(locationOf(registry));
    service.hearUntil("registered");
    Client client(kName, stage::asking(registry));
    REQUIRE(client.call<Msg01>(msg01("first"), kLimit));
    for (int i = 0; i < 20; ++i) {
      Call<Msg01> cancelled = client.start<Msg01>(msg01("cancelled"), kLimit);
      cancelled.cancel();
      CHECK(cancelled.ready());
      client.call<Msg01>(msg01("late"), std::chrono::milliseconds(0));
      const auto reply = client.call<Msg01>(msg01(std::to_string(i)), kLimit);
      REQUIRE(reply);
      CHECK(reply->field1() == std::to_string(i));
    }
  }

  TEST_CASE("C++ caller, Python and C++ services: all are called, and a second one when the first is slow") {
    if (noPython()) return;
    Server registry(stage::anywhere());
    std::vector<dividere::reactor::Later> kept;  // of the service's thread
    Service slow(kName, stage::at(registry));
    slow.on([&](const Msg01& message, Sender& sender) {
      if (message.field1() == "hedged") return kept.push_back(sender.defer());
      sender.send(message);
    });
    REQUIRE(slow.start(kLimit));
    Peer quick = pythonService(locationOf(registry));
    quick.hearUntil("registered");

    Client client(kName, stage::asking(registry));
    const auto outcomes = client.callAll<Msg01>(msg01("all"), kLimit);
    REQUIRE(outcomes.size() == 2);
    for (const auto& outcome : outcomes) CHECK(outcome->field1() == "all");

    CallOptions options;
    options.hedgeAfter = std::chrono::milliseconds(1);
    for (int i = 0; i < 4; ++i) {  // whichever is asked first
      const auto reply = client.start<Msg01>(msg01("hedged"), kLimit, options).get();
      REQUIRE(reply);
      CHECK(reply->field1() == "hedged");
    }
    slow.stop();
  }

  TEST_CASE("C++ broker and client, Python worker: what is cancelled there is finished, and replied to nobody") {
    if (noPython()) return;
    Broker broker(0, 0);
    Peer worker("typed_worker", {at(broker.backPort()), kCalm}, kPublished);
    REQUIRE(broker.waitForWorkers(1, kLimit));
    dividere::balancing::Client client(at(broker.frontPort()));
    REQUIRE(client.call<Msg01>(msg01("first")));
    for (int i = 0; i < 20; ++i) {
      Call<Msg01> cancelled = client.start<Msg01>(msg01("cancelled"), kLimit);
      cancelled.cancel();
      client.start<Msg01>(msg01("late"), std::chrono::milliseconds(1)).wait(kLimit);
      const auto reply = client.call<Msg01>(msg01(std::to_string(i)));
      REQUIRE(reply);
      CHECK(reply->field1() == std::to_string(i));
    }
    CHECK(support::eventually([&] { return broker.stats().waiting + broker.stats().inFlight == 0; }));
    CHECK(broker.stats().workers == 1);
    CHECK(broker.stats().junk == 0);
  }
}
