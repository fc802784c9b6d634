// What a broker tells of itself and of its workers.
#include <doctest/doctest.h>
#include <zmq.h>

#include <dividere.hpp>
#include <string>
#include <vector>

#include "dividere.pb.h"
#include "golden.pb.h"
#include "kit.hpp"
#include "support/descriptions.hpp"
#include "support/environment.hpp"

using namespace kit;
using support::describedWhen;
using support::Environment;
using support::methods;
using support::statistic;
using support::typeNames;

namespace {

constexpr std::uint32_t kDescribes = 4;

/// A worker of today's that says what the test has it say.
class Offering : public RawWorker {
 public:
  explicit Offering(const Broker& broker) : RawWorker(broker) {
    Heartbeat beat;
    beat.set_id("raw worker");
    beat.set_capacity(1);
    beat.set_registration(true);
    beat.set_features(1);
    send({envelope(beat)});
  }

  /// What the broker says that it understands.
  std::uint32_t features() {
    const auto asked = recv();
    REQUIRE(asked);
    msgEnvelope opened;
    Heartbeat beat;
    REQUIRE(opened.ParseFromString(asked->front()));
    REQUIRE(opened.msg().UnpackTo(&beat));
    return beat.features();
  }

  void offer(const std::string& method) {
    ::Description offer;
    offer.add_methods()->set_name(method);
    offer.mutable_methods(0)->set_input("Type." + method);
    offer.add_types()->set_name("Type." + method);
    send({envelope(offer)});
  }
};

/// Whether this worker says what it handles to a broker's back that wants to know.
bool tells(Worker& worker, RawSocket& back) {
  worker.start();
  Heartbeat beat;
  beat.set_id("dividere broker");
  beat.set_capacity(1);
  beat.set_features(kDescribes);
  const auto registration = back.recv();
  REQUIRE(registration);
  // It would do so behind the first sign of life that it is asked for.
  for (int i = 0; i < 2; ++i) back.send({registration->front(), envelope(beat)});
  REQUIRE(back.recv());
  const auto next = back.recv();
  REQUIRE(next);
  msgEnvelope opened;
  REQUIRE(opened.ParseFromString(next->back()));
  return opened.msgname() == "Description";
}

}  // namespace

TEST_CASE("a broker tells what it knows to whoever asks at its front") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  worker.beatTyped();
  REQUIRE(broker.waitForWorkers(1, kLimit));
  RawDealer client(broker);
  client.send({envelope(msg01("in flight"))});
  REQUIRE(worker.request());
  client.send({envelope(msg01("waits"))});
  REQUIRE(reaches(broker, [](const BrokerStats& stats) { return stats.waiting == 1; }));
  const auto told = dividere::describe(front(broker), kLimit);
  REQUIRE(told);
  CHECK(told->kind == "broker");
  CHECK(statistic(*told, "workers") == 1);
  CHECK(statistic(*told, "busy_workers") == 1);
  CHECK(statistic(*told, "free_workers") == 0);
  CHECK(statistic(*told, "in_flight") == 1);
  CHECK(statistic(*told, "waiting") == 1);
  CHECK(statistic(*told, "waiting_requests") == 1);
  CHECK(statistic(*told, "requests") == 2);
  CHECK(methods(*told).empty());  // the worker does not say
  CHECK(broker.stats().junk == 0);
}

TEST_CASE("a broker tells what its workers handle, with the files that define it, for as long as they are there") {
  Broker broker(0, 0, calm());
  Worker adder(back(broker)), same(back(broker)), other(back(broker));
  for (Worker* each : {&adder, &same}) each->on([](const Msg01& message) { return message; });
  other.on("Count", [](const Msg02& message) { return msg01(message.field1()); });
  other.on<Tree>([](const Tree&, dividere::reactor::Sender& sender) { sender.send(Msg01()); });
  for (Worker* each : {&adder, &same, &other}) each->start();
  using Texts = std::vector<std::string>;
  const auto told = describedWhen(front(broker), [](const auto& now) {
    return now.methods.size() == 3 && statistic(now, "free_workers") == 3;  // two of them handle the same
  });
  REQUIRE(told);
  Texts all = methods(*told);
  std::sort(all.begin(), all.end());
  CHECK(all == Texts{"(Msg01) -> Msg01", "(Tree) -> ", "Count(Msg02) -> Msg01"});
  CHECK(typeNames(*told) == Texts{"Msg01", "Msg02", "Tree"});
  CHECK(support::Built(*told).fileNames() == Texts{"golden.proto"});
  CHECK(statistic(*told, "free_workers") == 3);
  CHECK(broker.stats().junk == 0);

  dividere::DescribeOptions knowing;
  knowing.knownHash = told->descriptorsHash;
  const auto again = describedWhen(
      front(broker), [](const auto&) { return true; }, knowing);
  REQUIRE(again);
  CHECK(again->descriptors.empty());

  other.stop();
  adder.stop();
  const auto rest = describedWhen(front(broker), [](const auto& now) { return now.methods.size() == 1; });
  REQUIRE(rest);
  CHECK(methods(*rest) == Texts{"(Msg01) -> Msg01"});
  CHECK(typeNames(*rest) == Texts{"Msg01"});
}

TEST_CASE("whatever workers offer, a broker's description stays within bounds, and what is no offer is junk") {
  Broker broker(0, 0, calm());
  std::vector<std::unique_ptr<Offering>> workers;
  constexpr int kWorkers = 60;  // of which 50 are heard
  for (int i = 0; i < kWorkers; ++i) {
    workers.push_back(std::make_unique<Offering>(broker));
    CHECK((workers.back()->features() & kDescribes) != 0);
    workers.back()->offer("m" + std::to_string(i));
    if (i == 0) REQUIRE(describedWhen(front(broker), [](const auto& now) { return now.methods.size() == 1; }));
  }
  REQUIRE(reaches(broker, [](const BrokerStats& stats) { return stats.junk == kWorkers - 50; }));
  ::Description many;
  for (int i = 0; i <= 1000; ++i) many.add_methods();
  workers[0]->send({envelope(many)});
  workers[0]->send({envelope(msg01("no offer"))});
  REQUIRE(reaches(broker, [](const BrokerStats& stats) { return stats.junk == kWorkers - 50 + 2; }));
  const auto told = describedWhen(front(broker), [](const auto&) { return true; });
  REQUIRE(told);
  CHECK(told->methods.size() == 49);  // one has offered something else since, in vain
  CHECK(told->types.size() == 49);
  CHECK(statistic(*told, "workers") == kWorkers);
}

TEST_CASE("a worker says what it handles to a broker that wants to know, if it may") {
  const auto tellsIt = [] {
    RawSocket broker(ZMQ_ROUTER);
    Worker worker(broker.bind(), withHeartbeat(60s));
    worker.on([](const Msg01& message) { return message; });
    return tells(worker, broker);
  };
  CHECK(tellsIt());
  const Environment off("DIVIDERE_DESCRIBE", "off");
  CHECK_FALSE(tellsIt());
}

TEST_CASE("a broker that is to describe nothing does not ask workers what they handle") {
  const Environment off("DIVIDERE_DESCRIBE", "off");
  Broker broker(0, 0, calm());
  Offering worker(broker);
  CHECK((worker.features() & kDescribes) == 0);
}
