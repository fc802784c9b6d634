// Brokers, workers and clients that have keys: whose request it is, and who may come.
#include <dividere.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kit.hpp"
#include "support/key_ring.hpp"

using namespace kit;
using support::KeyRing;

namespace {

/// Programs with keys of their own: the worker and the client know the broker, and nobody else.
struct Exchange {
  KeyRing broker{"broker"}, worker{"worker"}, client{"client"};
  std::optional<Program> brokerProgram, workerProgram;
  std::string front, back;

  Exchange() {
    for (KeyRing* each : {&worker, &client}) {
      each->knows(broker);
      broker.admits(*each);
    }
  }

  static std::vector<std::string> environment(const KeyRing& ring, const char* log = "off") {
    return {"DIVIDERE_KEYS=" + ring.directory(), std::string("DIVIDERE_LOG=") + log};
  }

  /// Again: at the same ports.
  void open(const std::string& frontGroup = "", const std::string& backGroup = "", const char* log = "off") {
    brokerProgram.emplace("keyed_balancing", std::vector<std::string>{"broker", frontGroup, backGroup, front, back},
                          environment(broker, log));
    front = brokerProgram->line();
    back = brokerProgram->line();
  }

  void startWorker() {
    workerProgram.emplace("keyed_balancing", std::vector<std::string>{"worker", back}, environment(worker));
    REQUIRE(workerProgram->line() == "started");
  }

  /// It is told what it did wrong before or after it says that it has started.
  void startWorkerInVain() {
    workerProgram.emplace("keyed_balancing", std::vector<std::string>{"worker", back}, environment(worker, "warning"));
    const std::string said = workerProgram->line() + "\n" + workerProgram->line();
    REQUIRE(said.find("started") != std::string::npos);
    CHECK(said.find("unauthorized") != std::string::npos);
  }

  std::string whatClientHears() const {
    return Program("keyed_balancing", {"client", front}, environment(client)).line();
  }
};

/// False if the program ends without it.
bool waitForLine(Program& program, const std::string& part) {
  for (std::string line = program.line(); !line.empty(); line = program.line()) {
    if (line.find(part) != std::string::npos) return true;
  }
  return false;
}

std::string lastLineOf(Program& program) {
  std::string last;
  for (std::string line = program.line(); !line.empty(); line = program.line()) last = line;
  return last;
}

/// A client on plain libzmq that has keys.
struct RawClient : RawSocket {
  RawClient(const KeyRing& own, const KeyRing& host, const std::string& port) : RawSocket(ZMQ_DEALER) {
    set(ZMQ_CURVE_SERVERKEY, host.key());
    set(ZMQ_CURVE_PUBLICKEY, own.key());
    set(ZMQ_CURVE_SECRETKEY, own.secretKey());
    connect("tcp://127.0.0.1:" + port);
  }
};

/// A request that its broker replies to with its features once it has read it (asksFeatures).
std::string asked(const google::protobuf::Message& message) { return envelope(message) + "\x80\x07\x01"; }

std::string replyTo(RawClient& client) {
  const auto reply = client.recv();
  return reply ? text(reply->back()) : "nothing in time";
}
bool isRead(RawClient& client) { return replyTo(client) == "Features"; }

/// What a broker puts in front of a request.
std::string token() { return std::string("\0dividere", 9) + std::string(16, 'x'); }

}  // namespace

TEST_CASE("a Worker knows whose request it has, which the broker tells") {
  Exchange exchange;
  exchange.open();
  exchange.startWorker();
  CHECK(exchange.whatClientHears() == "hello from 'client' at 127.0.0.1");
}

TEST_CASE("a client cannot pass for another, whatever it puts in front of its request") {
  Exchange exchange;
  exchange.open();
  exchange.startWorker();
  RawClient client(exchange.client, exchange.broker, exchange.front);
  const std::string admin = "\x0a\x05" + std::string("admin");
  for (const std::string& front : {token() + admin, admin, token()}) {
    CAPTURE(front.size());
    client.send({front, envelope(msg01("hello"))});
    const auto reply = client.recv();
    REQUIRE(reply);
    CHECK(reply->front() == front);
    CHECK(text(reply->back()) == "hello from 'client' at 127.0.0.1");
  }
}

TEST_CASE("who learns the correlation of another's request neither takes it over nor cancels it") {
  Exchange exchange;
  const KeyRing thief("thief");
  exchange.broker.admits(thief);
  exchange.open();
  RawClient client(exchange.client, exchange.broker, exchange.front);
  RawClient other(thief, exchange.broker, exchange.front);
  client.send({correlation('c', 1), asked(msg01("hello"))});
  REQUIRE(isRead(client));
  SUBCASE("takes over") { other.send({correlation('c', 1), asked(msg01("hello"))}); }
  SUBCASE("cancels") {
    other.send({correlation('c', 1), envelope(CancelCall())});
    other.send({correlation('o', 1), asked(msg01("hello"))});
  }
  REQUIRE(isRead(other));
  exchange.startWorker();
  CHECK(replyTo(client) == "hello from 'client' at 127.0.0.1");
  CHECK(replyTo(other) == "hello from 'thief' at 127.0.0.1");
}

TEST_CASE("fronts and backs for groups let in their groups alone") {
  Exchange exchange;
  exchange.broker.admits(exchange.client, "authorized.clients");
  SUBCASE("the front") {
    exchange.open("others");
    exchange.startWorker();
    CHECK(exchange.whatClientHears().find("Error 10: ") == 0);
    exchange.broker.admits(exchange.client, "authorized.others");
    CHECK(exchange.whatClientHears() == "hello from 'client' at 127.0.0.1");
  }
  SUBCASE("the back") {
    exchange.open("clients", "workers");
    exchange.startWorkerInVain();
    exchange.broker.admits(exchange.worker, "authorized.workers");
    CHECK(exchange.whatClientHears() == "hello from 'client' at 127.0.0.1");
  }
}

TEST_CASE("a client's key is replaced while it calls, and no call is lost") {
  Exchange exchange;
  exchange.open("", "", "warning");
  exchange.startWorker();
  Program load("keyed_balancing", {"load", exchange.front}, exchange.environment(exchange.client));
  REQUIRE(waitForLine(load, "going"));
  support::writeFile(exchange.broker.path("authorized/client_before.key"), exchange.client.text());
  exchange.client.renew();
  exchange.broker.admits(exchange.client);
  exchange.broker.remove("authorized/client_before.key");
  REQUIRE(waitForLine(*exchange.brokerProgram, "may not be here any more"));
  CHECK(exchange.whatClientHears() == "hello from 'client' at 127.0.0.1");
  load.signal(SIGTERM);
  CHECK(lastLineOf(load) == "lost 0");
}

TEST_CASE("a broker's key is replaced, its clients and workers know both for a while, and no call is lost") {
  Exchange exchange;
  exchange.open();
  exchange.startWorker();
  Program load("keyed_balancing", {"load", exchange.front}, exchange.environment(exchange.client));
  REQUIRE(waitForLine(load, "going"));
  for (const KeyRing* each : {&exchange.client, &exchange.worker}) {
    support::writeFile(each->path("servers/broker_before.key"), exchange.broker.text());
  }
  exchange.broker.renew();
  for (KeyRing* each : {&exchange.client, &exchange.worker}) each->knows(exchange.broker);
  exchange.brokerProgram->kill();
  exchange.brokerProgram->status();
  exchange.open();
  CHECK(exchange.whatClientHears() == "hello from 'client' at 127.0.0.1");
  load.signal(SIGTERM);
  CHECK(lastLineOf(load) == "lost 0");
}

TEST_CASE("a Broker's ends are for groups only where it is secured") {
  BrokerOptions options;
  SUBCASE("front") { options.frontOnlyFor = "clients"; }
  SUBCASE("back") { options.backOnlyFor = "workers"; }
  CHECK(codeOf([&] { Broker(0, 0, options); }) == std::errc::operation_not_permitted);
}
