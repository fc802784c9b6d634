// The time that callers have, on its way through a broker.

#include "kit.hpp"

using namespace kit;

namespace {

/// A request whose caller has so much time left.
std::string timed(const std::string& text, std::uint32_t ms) {
  msgEnvelope made;
  REQUIRE(made.ParseFromString(envelope(msg01(text))));
  made.set_timeoutms(ms);
  return made.SerializeAsString();
}

std::uint32_t timeoutOf(const std::string& bytes) {
  msgEnvelope opened;
  return opened.ParseFromString(bytes) ? opened.timeoutms() : 0;
}

void letTimePass(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  REQUIRE(eventually([&] { return std::chrono::steady_clock::now() >= end; }));
}

}  // namespace

TEST_CASE(
    "a worker is told what is left of the caller's time, less what the request waited, and the next worker less") {
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  client.send({timed("x", 60000)});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == 1; }));
  letTimePass(3ms);
  std::uint32_t left = 0;
  {
    RawWorker worker(broker);
    worker.beatTyped();
    const auto request = worker.request();
    REQUIRE(request);
    CHECK(text(request->back()) == "x");
    left = timeoutOf(request->back());
    CHECK(left > 0);
    CHECK(left < 60000);
    letTimePass(3ms);
  }
  RawWorker next(broker);
  next.beatTyped();
  const auto request = next.request();
  REQUIRE(request);
  CHECK(text(request->back()) == "x");
  CHECK(timeoutOf(request->back()) > 0);
  CHECK(timeoutOf(request->back()) < left);
  next.reply(*request, envelope(msg01("y")));
  REQUIRE(client.recv());
}

TEST_CASE("a request that expires while it waits is given to no worker: its client is told, and it is counted") {
  Broker broker(0, 0, calm());
  RawWorker worker(broker);
  bool isThere = false;
  SUBCASE("behind another one") { isThere = true; }
  SUBCASE("without a worker") {}
  RawDealer client(broker);
  std::optional<Frames> atHand;
  if (isThere) {
    worker.beatTyped();
    client.send({envelope(msg01("at hand"))});
    atHand = worker.request();
    REQUIRE(atHand);
  }
  client.send({envelope(msg01("in front"))});
  client.send({timed("too late", 1)});
  client.send({timed("in time", 60000)});
  const auto refused = client.recv();
  REQUIRE(refused);
  CHECK(text(refused->back()) == "error 8");
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.expired == 1 && s.errors == 1; }));
  CHECK(addsUp(broker.stats()));
  if (isThere) {
    worker.reply(*atHand, envelope(msg01("done")));
  } else {
    worker.beatTyped();
  }
  for (const char* text : {"in front", "in time"}) {
    const auto next = worker.request();
    REQUIRE(next);
    CHECK(kit::text(next->back()) == text);
    worker.reply(*next, envelope(msg01("done")));
  }
}

TEST_CASE("an expired request that a worker comes for is not given to it") {
  BrokerOptions options = calm();
  options.maxWait = 60s;
  Broker broker(0, 0, options);
  RawDealer client(broker);
  client.send({timed("too late", 5)});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.read == 1; }));
  letTimePass(6ms);
  RawWorker worker(broker);
  worker.beatTyped();
  const auto refused = client.recv();
  REQUIRE(refused);
  CHECK(text(refused->back()) == "error 8");
  client.send({timed("in time", 60000)});
  const auto next = worker.request();
  REQUIRE(next);
  CHECK(text(next->back()) == "in time");
}

TEST_CASE("a retry that tells what is left by then is known for one") {
  Broker broker(0, 0, calm());
  RawDealer client(broker);
  client.send({correlation('c', 1), timed("x", 16000)});
  client.send({correlation('c', 1), timed("x", 60000)});  // in more bytes
  client.send({correlation('c', 1), timed("another", 60000)});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.waiting == 2; }));
  CHECK(broker.stats().read == 2);
  letTimePass(3ms);
  RawWorker worker(broker);
  worker.beatTyped();
  const auto request = worker.request();
  REQUIRE(request);
  CHECK(text(request->back()) == "x");
  CHECK(timeoutOf(request->back()) > 16000);
  CHECK(timeoutOf(request->back()) < 60000);
}

TEST_CASE("a request that expires while it waits in a Worker is not executed, and its client is told") {
  Broker broker(0, 0, calm());
  HeldWorker held(broker, {}, 3);
  RawDealer client(broker);
  client.send({envelope(msg01("at hand"))});
  REQUIRE(held.handling.wait());
  client.send({timed("too late", 200)});
  client.send({correlation('c', 1), envelope(msg01("cancelled"))});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.inFlight + s.expired == 3; }));
  client.send({correlation('c', 1), envelope(CancelCall())});
  REQUIRE(reaches(broker, [](const BrokerStats& s) { return s.late == 1; }));  // the Worker has heard of all three
  letTimePass(201ms);
  held.release.happen();
  const auto first = client.recv(), second = client.recv();
  REQUIRE(first);
  REQUIRE(second);
  CHECK((text(first->back()) == "error 8" || text(second->back()) == "error 8"));
  CHECK(held.handled.all() == std::vector<std::string>{"at hand"});
}
