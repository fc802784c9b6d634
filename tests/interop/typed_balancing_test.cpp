#include <doctest/doctest.h>

#include <dividere.hpp>
#include <optional>
#include <string>
#include <thread>

#include "balancing/kit.hpp"
#include "peer.hpp"
#include "sample.hpp"

using namespace kit;
using interop::kPublished;
using interop::kSamples;
using interop::noPython;
using interop::Peer;
using interop::Sample;
using interop::Words;

namespace {

// In seconds, of Python brokers and workers: nothing happens by the clock while a test runs, or soon.
const std::string kCalm = "60", kBrisk = "0.5";
const std::string kPatience = std::to_string(kLimit.count());

Peer pythonBroker(const std::string& period = kCalm) { return Peer("typed_broker", {period}, kPublished); }
Peer pythonWorker(const std::string& endpoint, const std::string& period = kCalm) {
  return Peer("typed_worker", {endpoint, period}, kPublished);
}
Peer pythonClient(const std::string& endpoint) { return Peer("typed_client", {endpoint, kPatience}, kPublished); }

/// Replies with the message that it was asked with.
class Echo : public Worker {
 public:
  explicit Echo(const std::string& endpoint, std::chrono::milliseconds heartbeat = 60s)
      : Worker(endpoint, withHeartbeat(heartbeat)) {
    on([](const Msg01& message) { return message; });
    on([](const Msg02& message) { return message; });
    on([](const Empty01& message) { return message; });
    on([](const Tree& message) { return message; });
    start();
  }
};

/// Sends parts ahead of its replies, or leaves them to another thread.
class Parting : public Worker {
 public:
  explicit Parting(const std::string& endpoint) : Worker(endpoint, withHeartbeat(60s)) {
    on([](const Msg02& message, dividere::reactor::Sender& sender) {
      for (int i = 1; i <= message.field2(); ++i) sender.sendPart(msg02("", i));
      sender.send(message);
    });
    on([this](const Msg01& message, dividere::reactor::Sender& sender) {
      if (later_.joinable()) later_.join();
      later_ = std::thread([message, later = sender.defer()]() mutable { later.send(message); });
    });
    start();
  }
  ~Parting() {
    stop();
    if (later_.joinable()) later_.join();
  }

 private:
  std::thread later_;
};

void callAll(Peer& client) {
  for (const Sample& sample : kSamples) REQUIRE(Sample::of(client.ask({"call", sample.type, sample.text})) == sample);
}

void callAll(Client& client) {
  for (const Sample& sample : kSamples) {
    client.send(*sample.message());
    const auto reply = client.recv();
    REQUIRE(reply);
    REQUIRE(Sample::of(*reply) == sample);
  }
}

}  // namespace

TEST_SUITE("broker, typed") {
  TEST_CASE("C++ broker, Python worker and client: requests of all types are replied to") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Peer worker = pythonWorker(back(broker)), client = pythonClient(front(broker));
    REQUIRE(broker.waitForWorkers(1, kLimit));
    callAll(client);
    CHECK(broker.stats().replied == kSamples.size());
    CHECK(broker.stats().junk == 0);
  }

  TEST_CASE("C++ broker, Python worker, C++ client: requests of all types are replied to") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Peer worker = pythonWorker(back(broker));
    Client client(front(broker), patient());
    callAll(client);
  }

  TEST_CASE("C++ broker and worker, Python client: requests of all types are replied to") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Echo worker(back(broker));
    Peer client = pythonClient(front(broker));
    callAll(client);
  }

  TEST_CASE("C++ broker, Python worker, Python request: an empty frame in front comes back") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Peer worker = pythonWorker(back(broker)), request("request", {front(broker)}, kPublished);
    for (const Sample& sample : kSamples) {
      request.ask({"send", sample.type, sample.text});
      CHECK(Sample::of(request.ask({"recv"})) == sample);
    }
  }

  TEST_CASE("Python broker, C++ worker and client: requests of all types are replied to") {
    if (noPython()) return;
    Peer broker = pythonBroker();
    Echo worker(broker.endpoint(1));
    broker.hearUntil("sign");
    Client client(broker.endpoint(0), patient());
    callAll(client);
  }

  TEST_CASE("Python broker, C++ worker, Python client: requests of all types are replied to") {
    if (noPython()) return;
    Peer broker = pythonBroker();
    Echo worker(broker.endpoint(1));
    broker.hearUntil("sign");
    Peer client = pythonClient(broker.endpoint(0));
    callAll(client);
  }

  TEST_CASE("Python broker and worker, C++ client: requests of all types are replied to") {
    if (noPython()) return;
    Peer broker = pythonBroker(), worker = pythonWorker(broker.endpoint(1));
    broker.hearUntil("sign");
    Client client(broker.endpoint(0), patient());
    callAll(client);
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

  TEST_CASE("C++ broker, Python worker: signs of life that nobody asked for make it known to a broker that restarts") {
    if (noPython()) return;
    std::optional<Broker> broker(std::in_place, 0, 0, calm());
    const auto frontPort = broker->frontPort(), backPort = broker->backPort();
    Peer worker = pythonWorker(back(*broker), "0.05");
    REQUIRE(broker->waitForWorkers(1, kLimit));
    worker.hearUntil("unasked");
    broker.emplace(frontPort, backPort, calm());
    REQUIRE(broker->waitForWorkers(1, kLimit));
    Client client(front(*broker), patient());
    callAll(client);
    CHECK(broker->stats().junk == 0);
  }

  TEST_CASE("Python broker, C++ worker: asked for signs of life it gives them, and stays") {
    if (noPython()) return;
    Peer broker = pythonBroker(kBrisk);
    Echo worker(broker.endpoint(1));
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
    Echo worker(broker.endpoint(1), 50ms);
    const std::string id = broker.hearUntil("sign").at(1);
    for (int i = 0; i < 4; ++i) CHECK(broker.hear() == Words{"sign", id});
  }

  TEST_CASE("Python broker, C++ workers: one that works is not taken for idle, and given more than it can do") {
    if (noPython()) return;
    Peer broker = pythonBroker();
    Event handling, release;
    const auto echo = [&](const Msg01& question) {
      if (question.field1() == "slow") {
        handling.happen();
        CHECK(release.wait());
      }
      return question;
    };
    Peer slow = pythonClient(broker.endpoint(0)), quick = pythonClient(broker.endpoint(0));
    // Far apart: a sign that crosses the request puts its worker among the idle, of whichever language that is.
    Worker one(broker.endpoint(1), withHeartbeat(300ms)), other(broker.endpoint(1), withHeartbeat(300ms));
    for (Worker* worker : {&one, &other}) {
      worker->on(echo);
      worker->start();
    }
    for (int i = 0; i < 6; ++i) broker.hearUntil("sign");  // of both, and both have just given one
    slow.tell({"call", "Msg01", "field1: 'slow'"});
    REQUIRE(handling.wait());
    // The other one's signs: time enough for those of the one that works, if there were any, to put it among the idle.
    for (int i = 0; i < 4; ++i) broker.hearUntil("sign");
    for (int i = 0; i < 4; ++i) {
      quick.tell({"call", "Msg01", "field1: 'quick'"});
      REQUIRE(quick.hear() == Words{"Msg01", "field1: \"quick\""});
    }
    release.happen();
    CHECK(slow.hear() == Words{"Msg01", "field1: \"slow\""});
  }

  TEST_CASE("Python broker that restarts, C++ worker: it registers again, unasked") {
    if (noPython()) return;
    std::optional<Peer> broker(std::in_place, "typed_broker", Words{kCalm}, kPublished);
    const std::string frontPort = broker->port(0), backPort = broker->port(1);
    Echo worker(broker->endpoint(1));
    const std::string id = broker->hearUntil("sign").at(1);
    broker.emplace("typed_broker", Words{kCalm, frontPort, backPort}, kPublished);
    CHECK(broker->hearUntil("sign") == Words{"sign", id});
    Client client(broker->endpoint(0), patient());
    callAll(client);
  }

  TEST_CASE("C++ broker, Python workers: what one had that was killed goes to another") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    std::optional<Peer> mute(std::in_place, "typed_worker", Words{back(broker), kCalm, "mute"}, kPublished);
    REQUIRE(broker.waitForWorkers(1, kLimit));
    Peer client = pythonClient(front(broker));
    client.tell({"call", "Msg01", "field1: 'kept'"});
    CHECK(mute->hearUntil("request") == Words{"request", "Msg01", "field1: \"kept\""});
    Peer other = pythonWorker(back(broker));
    REQUIRE(broker.waitForWorkers(2, kLimit));
    mute.reset();
    CHECK(client.hear() == Words{"Msg01", "field1: \"kept\""});
    CHECK(broker.stats().redispatched == 1);
  }

  TEST_CASE("C++ broker, Python worker: it is given the next request though it has left one without a reply") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Peer worker("typed_worker", {back(broker), "0.05", "mute"}, kPublished);
    REQUIRE(broker.waitForWorkers(1, kLimit));
    Client client(front(broker), patient());
    for (int i = 0; i < 3; ++i) {
      CHECK(codeOf([&] { client.call<Msg01>(msg01("one way")); }) == Errc::handlerFailed);
      CHECK(worker.hearUntil("request") == Words{"request", "Msg01", "field1: \"one way\""});
    }
    CHECK(broker.stats().workers == 1);
  }

  TEST_CASE("C++ broker, Python client: what it asks again and again is replied to when a worker comes") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Peer client("typed_client", {front(broker), "20", "100000"}, kPublished);
    client.tell({"call", "Msg01", "field1: 'early'"});
    REQUIRE(reaches(broker, [](const BrokerStats& stats) { return stats.read >= 3; }));
    Peer worker = pythonWorker(back(broker));
    CHECK(client.hear() == Words{"Msg01", "field1: \"early\""});
  }

  TEST_CASE("C++ broker and worker, Python client: an error is a message that it does not know, and it goes on") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Worker worker(back(broker), withHeartbeat(60s));
    worker.on([](const Msg01& message) {
      if (message.field1() == "bad") throw std::runtime_error("as asked");
      return message;
    });
    worker.onError([](const dividere::Error&) {});
    worker.start();
    Peer client = pythonClient(front(broker));
    CHECK(client.ask({"call", "Msg01", "field1: 'bad'"}) == Words{"unknown", "DividereError"});
    CHECK(client.ask({"call", "Msg02", ""}) == Words{"unknown", "DividereError"});
    CHECK(client.ask({"call", "Msg01", "field1: 'good'"}) == Words{"Msg01", "field1: \"good\""});
  }

  // --- Parts, and replies that come later ---

  TEST_CASE(
      "C++ broker and workers, Python client: of a handler that sends parts or replies later it gets the reply alone") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Parting first(back(broker)), second(back(broker));
    Client client(front(broker), patient());
    auto stream = client.stream<Msg02>(msg02("many", 100), kLimit);  // holds a worker, and the broker carries its parts
    REQUIRE(stream.next());
    Peer python = pythonClient(front(broker));
    CHECK(python.ask({"call", "Msg02", "field2: 3"}) == Words{"Msg02", "field2: 3"});
    CHECK(python.ask({"call", "Msg01", "field1: 'later'"}) == Words{"Msg01", "field1: \"later\""});
    int last = 1;
    for (const Msg02& part : stream) CHECK(part.field2() == ++last);
    CHECK(last == 100);
    CHECK(broker.stats().junk == 0);
  }

  TEST_CASE("C++ broker and client, Python worker: a stream has no parts, and its reply") {
    if (noPython()) return;
    Broker broker(0, 0, calm());
    Peer worker = pythonWorker(back(broker));
    Client client(front(broker), patient());
    for (int i = 0; i < 3; ++i) {
      auto stream = client.stream<Msg02>(msg02("none", i), kLimit);
      CHECK_FALSE(stream.next());
      CHECK(stream.reply<Msg02>()->field2() == i);
      CHECK(worker.hearUntil("request").at(1) == "Msg02");
    }
    CHECK(broker.stats().replied == 3);
    CHECK(broker.stats().junk == 0);
  }

  TEST_CASE("Python broker, C++ worker and client: a stream has no parts, and a reply that comes later is one") {
    if (noPython()) return;
    Peer broker = pythonBroker();
    Parting worker(broker.endpoint(1));
    broker.hearUntil("sign");
    Client client(broker.endpoint(0), patient());
    for (int i = 0; i < 3; ++i) {
      auto stream = client.stream<Msg02>(msg02("none", 10), kLimit);
      CHECK_FALSE(stream.next());
      CHECK(stream.reply<Msg02>()->field2() == 10);
      CHECK(client.call<Msg01>(msg01("later"))->field1() == "later");
    }
    Peer python = pythonClient(broker.endpoint(0));
    CHECK(python.ask({"call", "Msg02", "field2: 3"}) == Words{"Msg02", "field2: 3"});
    CHECK(python.ask({"call", "Msg01", "field1: 'later'"}) == Words{"Msg01", "field1: \"later\""});
  }
}
