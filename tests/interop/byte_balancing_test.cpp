#include <doctest/doctest.h>

#include <dividere.hpp>
#include <optional>
#include <string>
#include <vector>

#include "balancing/kit.hpp"
#include "messaging/golden.hpp"
#include "peer.hpp"

using namespace kit;
using interop::kPublished;
using interop::noPython;
using interop::Peer;
using interop::Words;

namespace {

// In seconds, of Python brokers: nothing happens by the clock while a test runs, or soon.
const std::string kCalm = "60", kBrisk = "0.5";
const std::string kPatience = std::to_string(kLimit.count());

// In hexadecimal: also those that look like signs of life.
struct Payload {
  std::string hex, backwards;
};
const std::vector<Payload> kPayloads = {{"616263", "636261"}, {"", ""},         {"01", "01"},
                                        {"02", "02"},         {"0102", "0201"}, {"00ff0a", "0aff00"}};

Peer pythonBroker(const std::string& period = kCalm) { return Peer("byte_broker", {period}, kPublished); }
Peer pythonWorker(const std::string& endpoint) { return Peer("byte_worker", {endpoint}, kPublished); }
Peer pythonClient(const std::string& endpoint, const std::string& timeout = kPatience) {
  return Peer("byte_client", {endpoint, timeout}, kPublished);
}

/// Replies with the bytes it was asked with, backwards.
class Reverser : public Worker {
 public:
  explicit Reverser(const std::string& endpoint, std::chrono::milliseconds heartbeat = 60s)
      : Worker(endpoint, withHeartbeat(heartbeat)) {
    onBytes([](std::string_view bytes) { return std::string(bytes.rbegin(), bytes.rend()); });
    start();
  }
};

void callAll(Peer& client) {
  for (const Payload& payload : kPayloads) {
    CAPTURE(payload.hex);
    REQUIRE(client.ask({"call", payload.hex}) == Words{payload.backwards});
  }
}

void callAll(Client& client) {
  for (const Payload& payload : kPayloads) {
    CAPTURE(payload.hex);
    REQUIRE(client.callBytes(bytesOfHex(payload.hex)) == bytesOfHex(payload.backwards));
  }
}

}  // namespace

TEST_SUITE("broker, bytes") {
  TEST_CASE("C++ broker, Python worker and client: requests are replied to, one after the other by the same worker") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Peer worker = pythonWorker(back(broker)), client = pythonClient(front(broker));
    REQUIRE(broker.waitForWorkers(1, kLimit));
    callAll(client);
    CHECK(broker.stats().replied == kPayloads.size());
    CHECK(broker.stats().junk == 0);
  }

  TEST_CASE("C++ broker, Python worker, C++ client: requests are replied to") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Peer worker = pythonWorker(back(broker));
    Client client(front(broker), patient());
    callAll(client);
  }

  TEST_CASE("C++ broker and worker, Python client: requests are replied to") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Reverser worker(back(broker));
    Peer client = pythonClient(front(broker));
    callAll(client);
  }

  // That broker ends when a request comes while no worker is idle.
  TEST_CASE("Python broker, C++ worker and client: requests are replied to, each as soon as the one before it is") {
    if (noPython()) return;
    Peer broker = pythonBroker();
    Reverser worker(broker.endpoint(1));
    broker.hearUntil("sign");
    Client client(broker.endpoint(0), patient());
    for (int round = 0; round < 50; ++round) {
      callAll(client);
      for (std::size_t i = 0; i < kPayloads.size(); ++i) broker.hearUntil("reply");  // or it would wait to be heard
    }
  }

  TEST_CASE("Python broker, C++ worker, Python client: requests are replied to") {
    if (noPython()) return;
    Peer broker = pythonBroker();
    Reverser worker(broker.endpoint(1));
    broker.hearUntil("sign");
    Peer client = pythonClient(broker.endpoint(0));
    callAll(client);
  }

  // For that broker a worker that has replied is never idle again.
  TEST_CASE("Python broker and workers, C++ client: a request for each worker is replied to") {
    if (noPython()) return;
    Peer broker = pythonBroker();
    Peer one = pythonWorker(broker.endpoint(1)), other = pythonWorker(broker.endpoint(1));
    for (int i = 0; i < 2; ++i) broker.hearUntil("sign");
    Client client(broker.endpoint(0), patient());
    CHECK(client.callBytes("abc") == "cba");
    CHECK(client.callBytes("def") == "fed");
    CHECK(one.hear() == Words{"request", "616263"});
    CHECK(other.hear() == Words{"request", "646566"});
  }

  TEST_CASE("C++ broker, Python worker: asked for signs of life it gives them, and stays") {
    if (noPython()) return;
    BrokerOptions options;
    options.heartbeat = 20ms;
    options.liveness = 50;
    Broker broker(0, 0, options);
    Peer worker = pythonWorker(back(broker));
    REQUIRE(broker.waitForWorkers(1, kLimit));
    // If they did not count, it would be dropped sooner.
    for (int i = 0; i < 60; ++i) worker.hearUntil("asked");
    CHECK(broker.stats().workers == 1);
    Client client(front(broker), patient());
    callAll(client);
    CHECK(broker.stats().junk == 0);
  }

  TEST_CASE("Python broker, C++ worker: asked for signs of life it gives them, and stays") {
    if (noPython()) return;
    Peer broker = pythonBroker(kBrisk);
    Reverser worker(broker.endpoint(1));
    for (int asked = 0; asked < 4;) {
      const std::string said = broker.hear()[0];
      REQUIRE(said != "dropped");
      if (said == "asked") ++asked;
    }
    Client client(broker.endpoint(0), patient());
    callAll(client);
  }

  TEST_CASE("Python broker, C++ worker: it gives signs of life that nobody asked for") {
    if (noPython()) return;
    Peer broker = pythonBroker();
    Reverser worker(broker.endpoint(1), 50ms);
    CHECK(broker.hear() == Words{"sign", "registration"});
    for (int i = 0; i < 4; ++i) CHECK(broker.hear() == Words{"sign", "heartbeat"});
  }

  TEST_CASE("Python broker that restarts, C++ worker: it registers again, unasked") {
    if (noPython()) return;
    std::optional<Peer> broker(std::in_place, "byte_broker", Words{kCalm}, kPublished);
    const std::string frontPort = broker->port(0), backPort = broker->port(1);
    Reverser worker(broker->endpoint(1));
    broker->hearUntil("sign");
    broker.emplace("byte_broker", Words{kCalm, frontPort, backPort}, kPublished);
    Words heard = broker->hear();
    while (heard == Words{"sign", "heartbeat"}) heard = broker->hear();  // meant for the former one
    CHECK(heard == Words{"sign", "registration"});
    Client client(broker->endpoint(0), patient());
    callAll(client);
  }

  TEST_CASE("C++ broker, Python workers: what one had that was killed goes to another") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    std::optional<Peer> mute(std::in_place, "byte_worker", Words{back(broker), "mute"}, kPublished);
    REQUIRE(broker.waitForWorkers(1, kLimit));
    Peer client = pythonClient(front(broker));
    client.tell({"call", "616263"});
    CHECK(mute->hearUntil("request") == Words{"request", "616263"});
    Peer other = pythonWorker(back(broker));
    REQUIRE(broker.waitForWorkers(2, kLimit));
    mute.reset();
    CHECK(client.hear() == Words{"636261"});
    CHECK(broker.stats().redispatched == 1);
  }

  TEST_CASE(
      "C++ broker, Python client: it gives up without a worker, is sent nothing in place of an answer, and is served "
      "later") {
    if (noPython()) return;
    BrokerOptions options = calm();
    options.maxWait = 1ms;
    Broker broker(0, 0, options);
    {
      Peer hasty = pythonClient(front(broker), "1000");  // for each try, with a connection of its own
      CHECK(hasty.ask({"call", "616263"}) == Words{"nothing"});
    }
    REQUIRE(reaches(broker, [](const BrokerStats& stats) { return stats.errors == 4; }));
    Peer worker = pythonWorker(back(broker)), client = pythonClient(front(broker));
    REQUIRE(broker.waitForWorkers(1, kLimit));
    callAll(client);
  }
}
