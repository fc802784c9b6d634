#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "stage.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/registry_ports.hpp"
#include "support/thrown.hpp"

using dividere::Errc;
using dividere::registry::Server;
using dividere::registry::ServerOptions;
using dividere::service::Service;
using dividere::service::ServiceOptions;
using stage::Echo;
using namespace std::chrono_literals;

namespace serviceTests {

class Reversing : public Service {
 public:
  explicit Reversing(const ServiceOptions& options) : Service(options) { on(&Reversing::handleMsg01); }
  ~Reversing() override { stop(); }

  Msg01 handleMsg01(const Msg01& message) {
    const std::string& text = message.field1();
    return stage::msg01(std::string(text.rbegin(), text.rend()));
  }
};

namespace {
class Unseen : public Service {
 public:
  explicit Unseen(const ServiceOptions& options) : Service(options) {}
};
}  // namespace

}  // namespace serviceTests

namespace {

/// What a plain Request gets for a reply.
template <class Message>
std::string ask(std::uint16_t port, const Message& message) {
  dividere::messaging::Request request(stage::at(port));
  request.send(message);
  const auto answer = request.recv<Msg01>(support::kLimit);
  return answer ? answer->field1() : "nothing";
}

constexpr auto kSoon = 50ms;  // for start() where there is no registry

}  // namespace

// --- Being found ---

TEST_CASE("a service registers when it starts, replies, and is forgotten when it stops") {
  Server server(stage::anywhere());
  auto client = stage::clientOf(server);
  Echo service("name", stage::at(server));
  CHECK_FALSE(client.lookupService("name"));
  CHECK(service.start(support::kLimit));
  const auto found = client.lookupService("name");
  REQUIRE(found);
  CHECK((found->server == "127.0.0.1" && found->port == service.port()));
  CHECK(ask(found->port, stage::msg01("hello")) == "hello");
  service.stop();
  CHECK(support::eventually([&] { return !client.lookupService("name"); }));
}

TEST_CASE("by default it registers at port 5000 of this machine, with the machine's own address") {
  support::RegistryPorts ports;
  Server server;
  Service service("name");
  service.on([](const Msg01& message) { return message; });
  service.start();
  const auto found = dividere::registry::Client().lookupService("name");
  REQUIRE(found);
  dividere::messaging::Request request("tcp://" + found->server + ":" + std::to_string(found->port));
  request.send(stage::msg01("hello"));
  CHECK(request.recv<Msg01>(support::kLimit));
}

TEST_CASE("a derived class is known by its namespace and its name, with a dot between") {
  Server server(stage::anywhere());
  serviceTests::Reversing service(stage::at(server));
  CHECK(service.start(support::kLimit));
  CHECK(service.name() == "serviceTests.Reversing");
  CHECK(stage::clientOf(server).lookupService("serviceTests.Reversing")->port == service.port());
  CHECK(ask(service.port(), stage::msg01("abc")) == "cba");
  serviceTests::Unseen unseen(stage::at(server));
  unseen.start(support::kLimit);
  CHECK(unseen.name() == "serviceTests.Unseen");
}

TEST_CASE("a service without a name is refused when it starts") {
  const stage::FreePorts nobody;
  Service service(stage::at(nobody.location()));
  CHECK(support::codeOf([&] { service.start(kSoon); }) == std::errc::invalid_argument);
}

TEST_CASE("two services of one name are both found") {
  Server server(stage::anywhere());
  Echo first("name", stage::at(server)), second("name", stage::at(server));
  CHECK((first.start(support::kLimit) && second.start(support::kLimit)));
  auto client = stage::clientOf(server);
  std::set<std::uint16_t> ports{client.lookupService("name")->port, client.lookupService("name")->port};
  CHECK(ports == std::set<std::uint16_t>{first.port(), second.port()});
  first.stop();
  CHECK(support::eventually([&] { return client.instances("name").size() == 1; }));
  CHECK(client.lookupService("name")->port == second.port());
}

TEST_CASE("a service is known to every registry of its list") {
  Server first(stage::anywhere()), second(stage::anywhere());
  ServiceOptions options = stage::at(first);
  options.registries.push_back(stage::locationOf(second));
  Echo service("name", options);
  service.start(support::kLimit);
  auto one = stage::clientOf(first), two = stage::clientOf(second);
  CHECK(support::eventually([&] { return one.lookupService("name") && two.lookupService("name"); }));
  service.stop();
  CHECK(support::eventually([&] { return !one.lookupService("name") && !two.lookupService("name"); }));
}

// --- Ports ---

TEST_CASE("the first free port of the range is taken") {
  const stage::FreePorts nobody;
  ServiceOptions options = stage::at(nobody.location());
  CHECK((options.firstPort == 5100 && options.lastPort == 6000));
  const Service first("first", options);
  CHECK((first.port() >= 5100 && first.port() <= 6000));
  options.firstPort = first.port();
  const Service second("second", options);
  CHECK(second.port() > first.port());
}

TEST_CASE("no free port is an error that names the range") {
  const stage::FreePorts ports;
  ServiceOptions options = stage::at(ports.location());
  options.firstPort = ports.first;
  options.lastPort = static_cast<std::uint16_t>(ports.first + 1);
  auto first = std::make_unique<Service>("first", options);
  const Service second("second", options);
  CHECK((first->port() == options.firstPort && second.port() == options.lastPort));
  const auto error = support::errorOf([&] { Service third("third", options); });
  REQUIRE(error);
  CHECK(error->code() == Errc::noFreePort);
  CHECK(std::string(error->what())
            .find("[" + std::to_string(options.firstPort) + ", " + std::to_string(options.lastPort) + "]") !=
        std::string::npos);
  first.reset();
  CHECK(Service("fourth", options).port() == options.firstPort);  // free again at once
}

// --- Handling ---

TEST_CASE("a handler that throws replies with an error, and the next request is handled") {
  support::LogCapture quiet;
  Server server(stage::anywhere());
  Service service("name", stage::at(server));
  std::string reported;
  service.on([](const Msg01& message) {
    if (message.field1() == "throw") throw std::runtime_error("that went wrong");
    return message;
  });
  service.onError([&](const dividere::Error& error) { reported = error.what(); });
  service.start(support::kLimit);
  dividere::messaging::Request request(stage::at(service.port()));
  request.send(stage::msg01("throw"));
  const auto error = support::errorOf([&] { request.recv<Msg01>(support::kLimit); });
  REQUIRE(error);
  CHECK(error->code() == Errc::handlerFailed);
  CHECK(std::string(error->what()).find("that went wrong") != std::string::npos);
  CHECK(ask(service.port(), stage::msg01("go on")) == "go on");
  service.stop();
  CHECK(reported.find("that went wrong") != std::string::npos);
}

TEST_CASE("a Failure reaches the caller with its code and exactly its text, any other exception with what it says") {
  support::LogCapture quiet;
  Server server(stage::anywhere());
  for (const int threads : {1, 2}) {
    ServiceOptions options = stage::at(server);
    options.threads = threads;
    Service service("name", options);
    service.on([](const Msg01& message) -> Msg01 {
      if (message.field1().empty()) throw std::runtime_error("something else");
      throw dividere::Failure(42, message.field1());
    });
    service.start(support::kLimit);
    dividere::service::Client client("name", stage::asking(server));
    const auto failed = [&](const std::string& text) {
      const auto error = support::errorOf([&] { client.call<Msg01>(stage::msg01(text), support::kLimit); });
      REQUIRE(error);
      CHECK(error->code() == Errc::handlerFailed);
      return *error;
    };
    for (const std::string text : {"count must not be 0", "f\xC3\xBCnf:\nzwei Zeilen", "a: b: c"}) {
      CHECK((failed(text).failure() == 42 && failed(text).text() == text));
    }
    CHECK((failed("").failure() == 0 && failed("").text() == "something else"));
  }
}

TEST_CASE("a type without a handler is replied to with an error") {
  support::LogCapture quiet;
  Server server(stage::anywhere());
  Echo service("name", stage::at(server));
  service.start(support::kLimit);
  CHECK(support::codeOf([&] { ask(service.port(), stage::msg02("?", 1)); }) == Errc::unknownType);
}

TEST_CASE("a Dealer has its requests replied to with the frames it put in front") {
  Server server(stage::anywhere());
  Echo service("name", stage::at(server));
  service.start(support::kLimit);
  dividere::messaging::Dealer dealer(stage::at(service.port()));
  dealer.send({"id", ""}, stage::msg01("hello"));
  const auto answer = dealer.recv(support::kLimit);
  REQUIRE(answer);
  CHECK(answer->route == dividere::connection::Route{"id", ""});
}

TEST_CASE("a handler replies once") {
  support::LogCapture quiet;
  for (const int threads : {1, 2}) {
    Server server(stage::anywhere());
    ServiceOptions options = stage::at(server);
    options.threads = threads;
    Service service("name", options);
    service.on([](const Msg01& message, dividere::reactor::Sender& sender) {
      sender.send(message);
      sender.send(message);
    });
    service.start(support::kLimit);
    CHECK(ask(service.port(), stage::msg01("one")) == "one");
    CHECK(support::eventually([&] { return service.handlerStats().failed == 1; }));
  }
}

TEST_CASE("handlers run one at a time, or as many at once as threads are asked for") {
  Server server(stage::anywhere());
  for (const int threads : {1, 4}) {
    CAPTURE(threads);
    ServiceOptions options = stage::at(server);
    options.threads = threads;
    Service service("name", options);
    std::atomic<int> running{0}, most{0};
    service.on([&](const Msg01& message) {
      const int now = ++running;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      // Where several can, they meet here.
      const auto end = std::chrono::steady_clock::now() + (threads > 1 ? support::kLimit : 0ms);
      while (most < threads && std::chrono::steady_clock::now() < end) std::this_thread::yield();
      --running;
      return message;
    });
    service.start(support::kLimit);
    std::vector<std::thread> callers;
    std::atomic<int> right{0};
    for (int i = 0; i < 16; ++i) {
      callers.emplace_back([&, i] {
        const std::string text = std::to_string(i);
        if (ask(service.port(), stage::msg01(text)) == text) ++right;
      });
    }
    for (auto& caller : callers) caller.join();
    CHECK(right == 16);
    CHECK(most == threads);
  }
}

TEST_CASE("every() and post() run in the service's thread, as its handlers do") {
  const stage::FreePorts nobody;
  Service service("name", stage::at(nobody.location()));
  stage::Event ticked, posted;
  std::thread::id handled, tick, post;
  service.on([&](const Msg01& message) {
    handled = std::this_thread::get_id();
    return message;
  });
  bool hasTicked = false;
  service.every(1ms, [&] {
    if (!std::exchange(hasTicked, true)) tick = std::this_thread::get_id(), ticked.happen();
  });
  service.start(0ms);
  service.post([&] { post = std::this_thread::get_id(), posted.happen(); });
  ask(service.port(), stage::msg01("x"));
  CHECK((ticked.wait() && posted.wait()));
  service.stop();
  CHECK((handled == tick && tick == post));
}

// --- Before, and again ---

TEST_CASE("a service that starts before its registry replies at once, and registers when that comes") {
  const stage::FreePorts ports;
  Echo service("name", stage::at(ports.location()));
  CHECK_FALSE(service.start(kSoon));
  CHECK(ask(service.port(), stage::msg01("hello")) == "hello");
  Server server(ports.options());
  auto client = stage::clientOf(server);
  CHECK(support::eventually([&] { return client.lookupService("name").has_value(); }));
}

TEST_CASE("start() waits for a registry that comes meanwhile") {
  const stage::FreePorts ports;
  Echo service("name", stage::at(ports.location()));
  bool known = false;
  std::thread starting([&] { known = service.start(support::kLimit); });
  Server server(ports.options());
  starting.join();
  CHECK(known);
  CHECK(stage::clientOf(server).lookupService("name"));
}

TEST_CASE("a registry that hears of a service and dies before it replies does not keep it") {
  const stage::FreePorts ports;
  auto silent = std::make_unique<dividere::connection::Response>("tcp://*:" + std::to_string(ports.first));
  Echo service("name", stage::at(ports.location()));
  bool known = false;
  std::thread starting([&] { known = service.start(support::kLimit); });
  CHECK(silent->recv(support::kLimit));
  silent.reset();
  Server server(ports.options());
  starting.join();
  CHECK(known);
}

TEST_CASE("all of 100 services are found again after their registry's restart, 30 times of 30") {
  const stage::FreePorts ports;
  const auto options = ports.options();
  auto server = std::make_unique<Server>(options);
  std::vector<std::unique_ptr<Service>> services;
  for (int i = 0; i < 100; ++i) {
    services.push_back(std::make_unique<Service>("name " + std::to_string(i), stage::at(*server)));
    REQUIRE(services.back()->start(support::kLimit));
  }
  for (int restart = 0; restart < 30; ++restart) {
    CAPTURE(restart);
    server.reset();
    server = std::make_unique<Server>(options);
    REQUIRE(support::eventually([&] { return server->entries() == 100; }));
    auto client = stage::clientOf(*server);
    for (const auto& service : services) {
      const auto found = client.lookupService(service->name());
      CHECK((found && found->port == service->port()));
    }
  }
}

TEST_CASE("when all are asked to register again, each takes a moment of its own for it") {
  const stage::FreePorts ports;
  auto server = std::make_unique<Server>(ports.options());
  dividere::service::ServiceOptions options = stage::at(*server);
  options.lease = options.jitter = std::chrono::hours(1000);
  Echo late("late", options);
  options.jitter = 0ms;
  Echo prompt("prompt", options);
  REQUIRE(late.start(support::kLimit));  // the first time at once
  REQUIRE(prompt.start(support::kLimit));
  server.reset();
  server = std::make_unique<Server>(ports.options());
  auto client = stage::clientOf(*server);
  CHECK(support::eventually([&] { return client.lookupService("prompt").has_value(); }));
  CHECK_FALSE(client.lookupService("late"));
}

TEST_CASE("a registry process that is killed and restarted finds its services again") {
  const stage::FreePorts ports;
  const std::string port = std::to_string(ports.first);
  auto server = std::make_unique<support::Program>("registry", std::vector<std::string>{port});
  REQUIRE(server->line() == "ready");
  Echo service("name", stage::at(ports.location()));
  CHECK(service.start(support::kLimit));
  for (int i = 0; i < 3; ++i) {
    server->kill();
    server->status();
    server = std::make_unique<support::Program>("registry", std::vector<std::string>{port});
    REQUIRE(server->line() == "ready");
    dividere::registry::Client client({ports.location()});
    CHECK(support::eventually([&] { return client.lookupService("name").has_value(); }));
  }
}

TEST_CASE("an announcement makes a service register again, though its connection was never lost") {
  stage::FreePorts ports;
  dividere::messaging::Response registry("tcp://*:" + std::to_string(ports.first));
  dividere::messaging::Publisher announcements("tcp://*:" + std::to_string(ports.first + 1));
  Echo service("name", stage::at(ports.location()));
  std::thread starting([&] { service.start(support::kLimit); });
  const auto acknowledge = [&] {
    const auto request = registry.recv<RegisterService>(support::kLimit);
    REQUIRE(request);
    CHECK(request->servicename() == "name");
    CHECK(request->port() == service.port());
    ack answer;  // of a registry that knows no leases: it is left in peace
    answer.set_ok(true);
    registry.send(answer);
  };
  acknowledge();
  starting.join();
  REQUIRE(announcements.waitForSubscribers(1, support::kLimit));
  announcements.send(RediscoverReq());
  acknowledge();
}

TEST_CASE("a service renews its lease, so that a registry that has lost it learns of it again") {
  Server server(stage::anywhere());
  ServiceOptions options = stage::at(server);
  options.lease = 30ms;
  Echo service("name", options);
  CHECK(service.start(support::kLimit));
  stage::OldPeer(server.port()).unregisters("name", "127.0.0.1", service.port());
  auto client = stage::clientOf(server);
  CHECK(support::eventually([&] { return client.lookupService("name").has_value(); }));
}

TEST_CASE("a service whose handler takes longer than its lease stays registered") {
  Server server(stage::anywhere());
  ServiceOptions options = stage::at(server);
  options.lease = 1000ms;
  Service service("name", options);
  stage::Event begun;
  std::promise<void> go;
  service.on([&](const Msg01& message) {
    begun.happen();
    go.get_future().wait();
    return message;
  });
  service.start(support::kLimit);
  dividere::messaging::Request request(stage::at(service.port()));
  request.send(stage::msg01("x"));
  CHECK(begun.wait());
  // A lease that nobody renews, made now, ends later than the one above would.
  RegisterService later = stage::registration("later", "a", 1);
  later.set_leasems(2000);
  stage::OldPeer(server.port()).ask<ack>(later);
  auto client = stage::clientOf(server);
  CHECK(support::eventually([&] { return !client.lookupService("later"); }));
  CHECK(support::eventually([&] { return client.lookupService("name").has_value(); }));
  go.set_value();
}

TEST_CASE("the entry of a service that is killed is gone within its lease") {
  Server server(stage::anywhere());
  support::Program process("echo", {"name", std::to_string(server.port()), "100", ""});
  REQUIRE(process.line() == "ready");
  auto client = stage::clientOf(server);
  CHECK(support::eventually([&] { return client.lookupService("name").has_value(); }));  // so short a lease may lapse
  process.kill();
  CHECK(support::eventually([&] { return !client.lookupService("name"); }));
}

// --- The end ---

TEST_CASE("stop() may come before start(), twice, and from any thread; a stopped service does not start") {
  Server server(stage::anywhere());
  Echo service("name", stage::at(server));
  service.stop();
  std::thread([&] { service.stop(); }).join();
  CHECK_FALSE(service.start(support::kLimit));
  CHECK_FALSE(stage::clientOf(server).lookupService("name"));
}

TEST_CASE("starting twice is an error") {
  Server server(stage::anywhere());
  Echo service("name", stage::at(server));
  service.start(support::kLimit);
  CHECK(support::codeOf([&] { service.start(support::kLimit); }) == Errc::outOfTurn);
}

TEST_CASE("a handler may stop its service, and still replies") {
  Server server(stage::anywhere());
  for (const int threads : {1, 3}) {
    CAPTURE(threads);
    ServiceOptions options = stage::at(server);
    options.threads = threads;
    Service service("name", options);
    service.on([&](const Msg01& message) {
      service.stop();
      service.stop();
      return message;
    });
    service.start(support::kLimit);
    CHECK(ask(service.port(), stage::msg01("the last")) == "the last");
    auto client = stage::clientOf(server);
    CHECK(support::eventually([&] { return !client.lookupService("name"); }));
    service.stop();
  }
}

TEST_CASE("stop() ends a start() that waits for a registry") {
  const stage::FreePorts nobody;
  Echo service("name", stage::at(nobody.location()));
  bool known = true;
  stage::Event up;
  service.post([&] { up.happen(); });
  std::thread starting([&] { known = service.start(support::kLimit); });
  CHECK(up.wait());  // it has started
  service.stop();
  starting.join();
  CHECK_FALSE(known);
}

// Nothing tells when all requests have come to a service, and it is in the hands of the system how many are handled before
// stop() has its turn: so what becomes of requests amid a stop is tried until it was as the test wants it.

namespace {

/// Whether each of 500 requests was replied to by a service that was stopped amid them, and some of them refused.
bool repliesToEachAtItsStop(const Server& server, int threads) {
  ServiceOptions options = stage::at(server);
  options.threads = threads;
  Service service("name", options);
  std::atomic<int> begun{0};
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  service.on([&](const Msg01& message) {
    ++begun;
    gone.wait();
    return message;
  });
  service.start(support::kLimit);
  dividere::messaging::Dealer dealer(stage::at(service.port()));
  constexpr int kRequests = 500;  // more than are handled between the farewell to the registry and the end
  for (int i = 0; i < kRequests; ++i) dealer.send({std::to_string(i), ""}, stage::msg01("x"));
  CHECK(support::eventually([&] { return begun == threads; }));
  std::thread stopping([&] { service.stop(); });
  CHECK(support::eventually([&] { return !stage::clientOf(server).lookupService("name"); }));
  go.set_value();
  stopping.join();
  int answered = 0, refused = 0;
  while (answered + refused < kRequests) {
    const auto answer = dealer.recv(answered < threads ? support::kLimit : 2000ms);
    if (!answer) break;
    const auto* error = dynamic_cast<const DividereError*>(answer->body.get());
    if (error) CHECK(error->code() == static_cast<std::uint32_t>(Errc::stopping));
    ++(error ? refused : answered);
  }
  CHECK(answered >= threads);
  return answered + refused == kRequests && refused > 0;
}

/// Whether a peer of a service that is stopped was told of each of its requests, though another one does not read.
bool tellsOfEachAtItsStop(const Server& server) {
  ServiceOptions options = stage::at(server);
  options.socket.sendQueue = 100;
  options.socket.kernelSendBuffer = 4096;
  Service service("name", options);
  stage::Event begun;
  std::promise<void> go;
  service.on([&](const Msg01& message) {
    if (message.field1() == "hello") return message;
    begun.happen();
    go.get_future().wait();
    return message;
  });
  service.start(support::kLimit);
  constexpr int kRequests = 150;  // more than the queue takes at once, and not so many that a busy machine is too slow
  const std::string endpoint = "tcp://127.0.0.1:" + std::to_string(service.port());
  const dividere::messaging::ProtoBuffEncoder encoder;
  const std::string hello = encoder.encode(stage::msg01("hello")), bytes = encoder.encode(stage::msg01("x"));
  support::RawSocket deaf(ZMQ_DEALER), reader(ZMQ_DEALER);
  deaf.set(ZMQ_RCVHWM, 1);
  deaf.set(ZMQ_RCVBUF, 4096);
  deaf.connect(endpoint);
  reader.connect(endpoint);
  reader.send({"", hello});
  REQUIRE(reader.recv());  // it is connected
  deaf.send({"", bytes});
  CHECK(begun.wait());  // from now on all requests wait
  for (int i = 0; i < 2 * kRequests; ++i) deaf.send({"", bytes});
  for (int i = 0; i < kRequests; ++i) reader.send({"", bytes});
  std::thread stopping([&] { service.stop(); });
  CHECK(support::eventually([&] { return !stage::clientOf(server).lookupService("name"); }));
  go.set_value();
  int told = 0;
  while (told < kRequests && reader.recv(2000ms)) ++told;
  stopping.join();
  return told == kRequests;
}

}  // namespace

TEST_CASE("stop() lets the handlers at work finish; requests that none has begun are told that it is stopping") {
  Server server(stage::anywhere());
  for (const int threads : {1, 2}) {
    CAPTURE(threads);
    CHECK(support::eventually([&] { return repliesToEachAtItsStop(server, threads); }));
  }
}

TEST_CASE("stop() tells a peer of each of its requests, however many, though another one does not read") {
  Server server(stage::anywhere());
  CHECK(support::eventually([&] { return tellsOfEachAtItsStop(server); }));
}

TEST_CASE("a registry that is dead does not keep a service from stopping") {
  auto server = std::make_unique<Server>(stage::anywhere());
  auto silent = std::make_unique<Echo>("name", stage::at(*server));
  silent->start(support::kLimit);
  server.reset();
  const auto begin = std::chrono::steady_clock::now();
  silent.reset();
  CHECK(std::chrono::steady_clock::now() - begin < support::kLimit);
}

TEST_CASE("a service that is inherited by a fork is the parent's alone") {
  if (!support::kCanForkAmidAllocations) return;
  Server server(stage::anywhere());
  ServiceOptions options = stage::at(server);
  options.threads = 2;
  auto service = std::make_unique<Echo>("name", options);
  service->start(support::kLimit);
  CHECK(support::inFork([&] {
          service->stop();
          service.reset();
          Echo own("own", stage::at(server));
          support::expect(own.start(support::kLimit), "its own registers");
          support::expect(ask(own.port(), stage::msg01("x")) == "x", "and answers");
        }) == "");
  CHECK(stage::clientOf(server).lookupService("name"));
  CHECK(ask(service->port(), stage::msg01("x")) == "x");
}

TEST_CASE("options that make no sense are refused") {
  const stage::FreePorts nobody;
  ServiceOptions options = stage::at(nobody.location());
  options.threads = 0;
  CHECK(support::codeOf([&] { Service service("name", options); }) == std::errc::invalid_argument);
  options.threads = 1;
  options.firstPort = 6001;
  CHECK(support::codeOf([&] { Service service("name", options); }) == std::errc::invalid_argument);
  CHECK(support::whatOf([&] { Service service("name", options); }).find("lastPort") != std::string::npos);
  options.firstPort = 5100;
  options.lease = -1ms;
  CHECK(support::codeOf([&] { Service service("name", options); }) == std::errc::invalid_argument);
  options.lease = 0ms;
  options.jitter = -1ms;
  CHECK(support::codeOf([&] { Service service("name", options); }) == std::errc::invalid_argument);
}

TEST_CASE("times that are for ever are not too long to reckon with") {
  const stage::FreePorts free;
  ServiceOptions options = stage::at(free.location());
  options.lease = std::chrono::milliseconds::max();
  options.jitter = std::chrono::milliseconds::max();
  Echo service("name", options);
  service.every(std::chrono::milliseconds::max(), [] { FAIL("for ever is over"); });

  dividere::service::ClientOptions patient;
  patient.registries = {free.location()};
  patient.patience = std::chrono::milliseconds::max();
  patient.refresh = std::chrono::milliseconds::max();
  dividere::service::Client client("name", patient);
  auto early = std::async(std::launch::async, [&] { return stage::call(client, "x"); });  // waits for the service
  dividere::registry::Server server(free.options());
  CHECK(service.start(support::kLimit));
  CHECK(early.get() == "x");
}

// --- What cannot be registered ---

TEST_CASE("a service whose name or address no registry takes is refused where it is made") {
  const auto refusal = [](const std::string& name, const std::string& advertise) {
    ServiceOptions options;
    options.advertise = advertise;
    const auto error = support::errorOf([&] { Service service(name, options); });
    REQUIRE(error);
    CHECK(error->code() == std::errc::invalid_argument);
    return std::string(error->what());
  };
  CHECK(support::contains(refusal("", ""), "service::Service: the name is empty"));
  CHECK(support::contains(refusal(std::string(2'000'000, 'n'), ""), "the name has 2000000 bytes, more than 255"));
  CHECK(
      support::contains(refusal("name", "no host"), "service::Service: advertise: the host 'no host' is no host name"));
}

TEST_CASE("a service whose registration is refused says so in its own name, with the registry's reason") {
  support::LogCapture log(dividere::LogLevel::warning);
  ServerOptions full = stage::anywhere();
  full.maxEntries = 1;
  Server server(full);
  stage::clientOf(server).registerService("another", 1);
  ServiceOptions options;
  options.registries = {stage::locationOf(server)};
  Service service("demo.Echo", options);
  CHECK_FALSE(service.start(0ms));
  REQUIRE(log.wait("did not take the registration"));
  const auto line = log.lines("did not take").front();
  CHECK(line.component == "service::Service 'demo.Echo'");
  CHECK(support::contains(line.text, "the registry at tcp://localhost:" + std::to_string(server.port())));
  CHECK(support::contains(line.text, ": the registry has 1 entries, and no more are taken"));
}

TEST_CASE("an error about a service's registries names the service") {
  ServiceOptions options;
  options.registries = {};
  Service service("demo.Echo", options);
  CHECK(support::whatOf([&] { service.start(0ms); }).rfind("service::Service 'demo.Echo': ", 0) == 0);
}
