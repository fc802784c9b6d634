#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "stage.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/held_log.hpp"
#include "support/log_capture.hpp"
#include "support/no_descriptors.hpp"
#include "support/raw_socket.hpp"
#include "support/registry_ports.hpp"
#include "support/thrown.hpp"

using dividere::Errc;
using dividere::registry::Server;
using dividere::service::Client;
using dividere::service::ClientOptions;
using dividere::service::Service;
using dividere::service::ServiceOptions;
using stage::call;
using stage::Echo;
using namespace std::chrono_literals;

namespace {

/// Calls until each of these has replied.
bool allAnswer(Client& client, const std::vector<std::string>& names) {
  std::map<std::string, int> answers;
  return support::eventually([&] {
    ++answers[call(client, "")];
    for (const auto& name : names) {
      if (answers.count(name) == 0) return false;
    }
    return true;
  });
}

/// Makes a plain socket an instance of the service "name".
void enlist(support::RawSocket& instance, const Server& registry) {
  dividere::registry::ClientOptions here;
  here.advertise = "127.0.0.1";
  dividere::registry::Client registrar({stage::locationOf(registry)}, here);
  const std::string endpoint = instance.bind();
  registrar.registerService("name", static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1))),
                            support::kLimit);
}

/// Has it reply to a request that it received.
void answer(support::RawSocket& instance, support::Frames request, const std::string& text) {
  request.back() = dividere::messaging::ProtoBuffEncoder().encode(stage::msg01(text));
  instance.send(request);
}

/// Whether a call that has so much time ends without a reply. Before the registry has told who there is it would fail.
bool getsNoReply(Client& client, std::chrono::milliseconds limit) {
  for (;;) {
    bool isReplied = false;
    const auto code = support::codeOf([&] { isReplied = client.call<Msg01>(stage::msg01("late"), limit).has_value(); });
    if (code != Errc::noRegistry) return !code && !isReplied;
  }
}

}  // namespace

// --- Calling ---

TEST_CASE("a service is called by its name") {
  Server server(stage::anywhere());
  Echo service("name", stage::at(server));
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  CHECK(call(client, "hello") == "hello");
  Msg01 reused;
  CHECK(client.callInto(stage::msg01("again"), reused, support::kLimit));
  CHECK(reused.field1() == "again");
  const auto any = client.call(stage::msg01("whatever"), support::kLimit);
  REQUIRE(any);
  CHECK(any->GetTypeName() == "Msg01");
}

TEST_CASE("what a client's connections have to say is signed by the client") {
  const support::LogCapture log;
  Server server(stage::anywhere());
  Echo service("name", stage::at(server));
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  CHECK(call(client, "hello") == "hello");
  const auto isSignedBy = [&](const std::string& component) {
    for (const auto& line : log.lines()) {
      if (line.component == component) return true;
    }
    return false;
  };
  CHECK(support::eventually([&] { return isSignedBy("service::Client") && isSignedBy("registry::Client"); }));
  CHECK_FALSE(isSignedBy("connection::Dealer"));
}

TEST_CASE("by default the registry is the one at port 5000 of this machine") {
  support::RegistryPorts ports;
  Server server;
  Service service("name");
  service.on([](const Msg01& message) { return message; });
  service.start();
  Client client("name");
  CHECK(call(client, "hello") == "hello");
}

TEST_CASE("a service of the other kind, a plain Response that was registered, is called as well") {
  Server server(stage::anywhere());
  dividere::messaging::Response response("tcp://*:*");
  stage::OldPeer(server.port()).registers("name", "127.0.0.1", response.port());
  Client client("name", stage::asking(server));
  std::thread answering([&] {
    for (int i = 0; i < 3; ++i) response.send(response.recv<Msg01>());
  });
  for (int i = 0; i < 3; ++i) CHECK(call(client, std::to_string(i)) == std::to_string(i));
  answering.join();
}

TEST_CASE("any number of calls are under way at once, from any thread, and each has its own reply") {
  Server server(stage::anywhere());
  ServiceOptions options = stage::at(server);
  options.threads = 8;
  Service service("name", options);
  std::atomic<int> there{0};
  service.on([&](const Msg01& message) {
    // All eight are under way before the first is replied to.
    if (++there <= 8) support::eventually([&] { return there >= 8; });
    return message;
  });
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 100; ++n) {
        const std::string text = std::to_string(i) + "/" + std::to_string(n);
        if (call(client, text) == text) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 800);
}

TEST_CASE("calls go round the instances, and find one that comes later") {
  Server server(stage::anywhere());
  ClientOptions options = stage::asking(server);
  options.refresh = 1ms;
  Echo first("name", stage::at(server), "first"), second("name", stage::at(server), "second"),
      third("name", stage::at(server), "third");
  first.start(support::kLimit);
  Client client("name", options);
  CHECK(call(client, "") == "first");
  second.start(support::kLimit);
  CHECK(allAnswer(client, {"first", "second"}));
  third.start(support::kLimit);
  CHECK(allAnswer(client, {"first", "second", "third"}));
  std::map<std::string, int> answers;
  for (int i = 0; i < 30; ++i) ++answers[call(client, "")];
  CHECK((answers["first"] == 10 && answers["second"] == 10 && answers["third"] == 10));
}

// --- What goes wrong is told apart ---

TEST_CASE("no such service, no registry and no reply in time are three things") {
  support::LogCapture quiet;
  const stage::FreePorts nobody;
  Client without("name", stage::asking(nobody.location()));
  CHECK(support::codeOf([&] { without.call<Msg01>(stage::msg01("x"), 20ms); }) == Errc::noRegistry);

  Server server(stage::anywhere());
  Client unknown("nobody", stage::asking(server));
  CHECK(support::codeOf([&] { unknown.call<Msg01>(stage::msg01("x"), support::kLimit); }) == Errc::noService);

  dividere::messaging::Response silent("tcp://*:*");
  stage::OldPeer(server.port()).registers("silent", "127.0.0.1", silent.port());
  Client patient("silent", stage::asking(server));
  const auto begin = std::chrono::steady_clock::now();
  CHECK(getsNoReply(patient, 1s));
  CHECK(std::chrono::steady_clock::now() - begin >= 1s);
}

TEST_CASE("a service that is not there is told as that also by a call with little time") {
  Server server(stage::anywhere());
  Client client("nobody", stage::asking(server));
  CHECK(support::codeOf([&] { client.call<Msg01>(stage::msg01("x"), support::kLimit); }) == Errc::noService);
  std::error_code last;
  CHECK(support::eventually([&] {
    last = support::codeOf([&] { client.call<Msg01>(stage::msg01("x"), 150ms); });
    return last == Errc::noService;
  }));
}

TEST_CASE("a registered service that nobody can reach gives no reply in time") {
  Server server(stage::anywhere());
  const stage::FreePorts nobody;
  stage::OldPeer(server.port()).registers("name", "127.0.0.1", nobody.first);
  Client client("name", stage::asking(server));
  CHECK(getsNoReply(client, 1s));
}

TEST_CASE("a handler that fails is told with what it threw; a type that it does not know as that") {
  support::LogCapture quiet;
  Server server(stage::anywhere());
  Service service("name", stage::at(server));
  service.on([](const Msg01&) -> Msg01 { throw std::runtime_error("that went wrong"); });
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  const auto failed = support::errorOf([&] { call(client, "x"); });
  REQUIRE(failed);
  CHECK(failed->code() == Errc::handlerFailed);
  CHECK(std::string(failed->what()).find("that went wrong") != std::string::npos);
  CHECK(support::codeOf([&] { client.call(stage::msg01("x"), support::kLimit); }) == Errc::handlerFailed);
  CHECK(support::codeOf([&] { client.call<Msg01>(stage::msg02("x", 1), support::kLimit); }) == Errc::unknownType);
}

TEST_CASE("a reply of another type than asked for is an error") {
  Server server(stage::anywhere());
  Echo service("name", stage::at(server));
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  CHECK(support::codeOf([&] { client.call<Msg02>(stage::msg01("x"), support::kLimit); }) == Errc::wrongType);
  CHECK(call(client, "x") == "x");
}

TEST_CASE("a reply that comes too late is not taken for the next call's") {
  Server server(stage::anywhere());
  dividere::messaging::Response response("tcp://*:*");
  stage::OldPeer(server.port()).registers("name", "127.0.0.1", response.port());
  Client client("name", stage::asking(server));
  do REQUIRE(getsNoReply(client, 1s));
  while (!response.wait(0ms));
  std::thread answering([&] {
    for (std::string text; text != "next";) {
      const Msg01 request = response.recv<Msg01>();
      text = request.field1();
      response.send(request);
    }
  });
  CHECK(call(client, "next") == "next");
  answering.join();
}

TEST_CASE("a request larger than anybody takes is refused here") {
  Server server(stage::anywhere());
  ClientOptions options = stage::asking(server);
  options.socket.maxMessageBytes = 1000;
  Client client("name", options);
  CHECK(support::codeOf([&] { client.call<Msg01>(stage::msg01(std::string(1001, 'x')), 0ms); }) == Errc::tooLarge);
}

// --- Instances that come and go ---

TEST_CASE("a client may be there before its service, and before its registry") {
  const stage::FreePorts ports;
  ClientOptions options = stage::asking(ports.location());
  options.patience = support::kLimit;
  Client client("name", options);
  std::string answer;
  std::thread calling([&] { answer = call(client, "hello"); });
  Server server(ports.options());
  Echo service("name", stage::at(server));
  service.start(support::kLimit);
  calling.join();
  CHECK(answer == "hello");
}

TEST_CASE("calls move to another instance when one is killed, also those it had") {
  Server server(stage::anywhere());
  const std::string port = std::to_string(server.port());
  auto doomed = std::make_unique<support::Program>("echo", std::vector<std::string>{"name", port, "500", "doomed"});
  REQUIRE(doomed->line() == "ready");
  support::Program other("echo", {"name", port, "60000", "other"});
  REQUIRE(other.line() == "ready");
  Client client("name", stage::asking(server));
  REQUIRE(allAnswer(client, {"doomed", "other"}));
  std::atomic<bool> killed{false};
  std::vector<std::thread> callers;
  std::atomic<int> lost{0}, byOther{0};
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      for (int after = 0; after < 20;) {
        const std::string answer = call(client, "");
        if (answer == "nothing") ++lost;
        if (killed) ++after, byOther += answer == "other" ? 1 : 0;
      }
    });
  }
  doomed->kill();
  doomed->status();
  killed = true;
  for (auto& caller : callers) caller.join();
  CHECK(lost == 0);
  CHECK(byOther >= 4 * 19);
  auto registry = stage::clientOf(server);
  CHECK(support::eventually([&] {
    const auto one = registry.lookupService("name"), next = registry.lookupService("name");
    return one && next && one->port == next->port;  // one is left
  }));
}

TEST_CASE("a service that is killed and comes back on another port is found there") {
  Server server(stage::anywhere());
  const std::string port = std::to_string(server.port());
  auto process = std::make_unique<support::Program>("echo", std::vector<std::string>{"name", port, "200", "first"});
  REQUIRE(process->line() == "ready");
  ClientOptions options = stage::asking(server);
  options.patience = support::kLimit;
  Client client("name", options);
  CHECK(call(client, "") == "first");
  process->kill();
  process->status();
  Echo moved("name", stage::at(server), "moved");
  moved.start(support::kLimit);
  CHECK(call(client, "") == "moved");
}

TEST_CASE("a call that kills every instance it is given to is given up") {
  Server server(stage::anywhere());
  const std::string port = std::to_string(server.port());
  ClientOptions options = stage::asking(server);
  options.resends = 1;
  options.refresh = 1ms;
  Client client("name", options);
  std::vector<std::unique_ptr<support::Program>> processes;
  for (int i = 0; i < 3; ++i) {
    processes.push_back(
        std::make_unique<support::Program>("echo", std::vector<std::string>{"name", port, "500", std::to_string(i)}));
    REQUIRE(processes.back()->line() == "ready");
  }
  CHECK(allAnswer(client, {"0", "1", "2"}));
  CHECK(support::codeOf([&] { call(client, "die"); }) == Errc::gaveUp);
  const std::string survivor = call(client, "");
  CHECK((survivor == "0" || survivor == "1" || survivor == "2"));
}

TEST_CASE("a call that must not be handled twice is not given to another instance") {
  Server server(stage::anywhere());
  ClientOptions options = stage::asking(server);
  options.resends = 0;
  support::Program process("echo", {"name", std::to_string(server.port()), "60000", "x"});
  REQUIRE(process.line() == "ready");
  Client client("name", options);
  CHECK(support::codeOf([&] { call(client, "die"); }) == Errc::gaveUp);
}

TEST_CASE("what an instance replied before it went is the reply, though its connection's end is noticed first") {
  Server server(stage::anywhere());
  ClientOptions options = stage::asking(server);
  options.resends = 0;
  support::RawSocket leaving(ZMQ_ROUTER), noisy(ZMQ_ROUTER);
  enlist(leaving, server);
  enlist(noisy, server);
  Client client("name", options);
  support::HeldLog log("a reply without the id of a request");
  std::vector<std::future<std::string>> calls;
  std::vector<support::Frames> requests, others;
  REQUIRE(support::eventually([&] {
    if (requests.size() + others.size() == calls.size()) {
      calls.push_back(std::async(std::launch::async, [&] { return call(client, "x"); }));
    }
    if (auto request = leaving.recv(1ms)) requests.push_back(*request);
    if (auto request = noisy.recv(1ms)) others.push_back(*request);
    return !requests.empty() && !others.empty() && requests.size() + others.size() == calls.size();
  }));
  noisy.send({others[0][0], "junk"});
  REQUIRE(log.wait("a reply without the id of a request"));  // the client's thread is held
  leaving.set(ZMQ_LINGER, static_cast<int>(support::kLimit.count()));
  for (const auto& request : requests) answer(leaving, request, "words");
  leaving.close();
  REQUIRE(log.wait(": connectRetried"));  // what comes after an event tells that it has been passed on
  log.release();
  for (const auto& request : others) answer(noisy, request, "words");
  for (auto& each : calls) CHECK(each.get() == "words");
}

TEST_CASE("an instance that keeps silent is left alone while there is another") {
  Server server(stage::anywhere());
  support::Program process("echo", {"name", std::to_string(server.port()), "10000", "process"});
  REQUIRE(process.line() == "ready");
  Echo other("name", stage::at(server), "other");
  other.start(support::kLimit);
  Client client("name", stage::asking(server));
  REQUIRE(allAnswer(client, {"process", "other"}));
  CHECK(support::eventually([&] { return !client.call<Msg01>(stage::msg01("wait"), 1s); }));
  for (int i = 0; i < 10; ++i) CHECK(call(client, "") == "other");
}

TEST_CASE("a call that gives up while it brings the replies of all leaves them to those who wait for them") {
  Server server(stage::anywhere());
  stage::Event begun, gaveUp;
  dividere::service::ServiceOptions options = stage::at(server);
  options.threads = 2;
  Service service("name", options);
  service.on([&](const Msg01& message) {
    if (message.field1() == "first") begun.happen();
    if (!message.field1().empty()) gaveUp.wait();
    return message;
  });
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  REQUIRE(call(client, "") == "");  // it is connected
  std::thread first([&] {
    do CHECK_FALSE(client.call<Msg01>(stage::msg01("first"), 500ms));
    while (!begun.happened());
    gaveUp.happen();
  });
  CHECK(begun.wait());
  CHECK(call(client, "second") == "second");
  first.join();
}

TEST_CASE("requests that a stopping instance has not begun go to another") {
  Server server(stage::anywhere());
  stage::Event begun;
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  Service stopping("name", stage::at(server));
  std::atomic<int> handled{0};
  stopping.on([&](const Msg01& message) {
    if (handled++ == 0) begun.happen();
    gone.wait();
    return stage::msg01("stopping" + message.field1());
  });
  stopping.start(support::kLimit);
  ClientOptions options = stage::asking(server);
  options.refresh = 1ms;
  Client client("name", options);
  std::vector<std::thread> callers;
  std::atomic<int> byFirst{0}, byOther{0};
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      const std::string answer = call(client, "");
      if (answer == "stopping") ++byFirst;
      if (answer == "other") ++byOther;
    });
  }
  CHECK(begun.wait());
  Echo other("name", stage::at(server), "other");
  other.start(support::kLimit);
  std::thread end([&] { stopping.stop(); });
  CHECK(support::eventually([&] {
    auto registry = stage::clientOf(server);
    const auto one = registry.lookupService("name"), next = registry.lookupService("name");
    return one && next && one->port == other.port() && next->port == other.port();
  }));
  go.set_value();
  end.join();
  for (auto& caller : callers) caller.join();
  CHECK(byFirst + byOther == 8);
}

TEST_CASE("a registry that restarts, or is gone, costs no call") {
  const stage::FreePorts ports;
  const auto options = ports.options();
  auto server = std::make_unique<Server>(options);
  Echo service("name", stage::at(*server), "");
  service.start(support::kLimit);
  ClientOptions asking = stage::asking(*server);
  asking.refresh = 1ms;
  Client client("name", asking);
  int right = 0, calls = 0;
  const auto callSome = [&] {
    for (int i = 0; i < 50; ++i, ++calls) right += call(client, std::to_string(i)) == std::to_string(i) ? 1 : 0;
  };
  callSome();
  for (int restart = 0; restart < 3; ++restart) {
    server.reset();
    callSome();
    server = std::make_unique<Server>(options);
    callSome();
  }
  CHECK(right == calls);
  // Also one that has just been made, and asks while the registry does not know of the service yet.
  server.reset();
  server = std::make_unique<Server>(options);
  asking.patience = support::kLimit;
  Client fresh("name", asking);
  CHECK(call(fresh, "x") == "x");
}

// --- The end ---

TEST_CASE("stop() ends the calls under way, and those that come after") {
  Server server(stage::anywhere());
  dividere::messaging::Response silent("tcp://*:*");
  stage::OldPeer(server.port()).registers("name", "127.0.0.1", silent.port());
  Client client("name", stage::asking(server));
  std::error_code code;
  std::thread calling([&] { code = support::codeOf([&] { client.call<Msg01>(stage::msg01("x"), support::kLimit); }); });
  CHECK(silent.wait(support::kLimit));
  client.stop();
  client.stop();
  calling.join();
  CHECK(code == Errc::stopping);
  CHECK(support::codeOf([&] { client.call<Msg01>(stage::msg01("x"), support::kLimit); }) == Errc::stopping);
}

TEST_CASE("stop() may come from who is told of something in the thread of a call") {
  Server server(stage::anywhere());
  support::RawSocket instance(ZMQ_ROUTER);
  enlist(instance, server);
  Client client("name", stage::asking(server));
  auto first = std::async(std::launch::async, [&] { return call(client, "x"); });
  answer(instance, instance.recv().value(), "words");
  REQUIRE(first.get() == "words");  // from now on the instance is connected, and a call has it to itself
  const struct LogEnd {
    ~LogEnd() { dividere::setLogHandler(nullptr); }
  } logEnd;
  auto second = std::async(std::launch::async, [&] { return support::codeOf([&] { call(client, "x"); }); });
  const auto request = instance.recv().value();
  dividere::setLogHandler([&](dividere::LogLevel, std::string_view, std::string_view text) {
    if (text.find("a reply without the id of a request") != std::string_view::npos) client.stop();
  });
  instance.send({request[0], "junk"});
  CHECK(second.get() == Errc::stopping);
}

TEST_CASE("a call in a thread for which there is no descriptor fails, and leaves its instance to others" *
          doctest::skip(!support::kCanDoWithoutDescriptors)) {
  Server server(stage::anywhere());
  Echo service("name", stage::at(server));
  service.start(support::kLimit);
  Client client("name", stage::asking(server));
  REQUIRE(call(client, "before") == "before");
  {
    const support::NoDescriptors none;
    std::thread([&] {
      CHECK(support::codeOf([&] { call(client, "meanwhile"); }) == std::errc::too_many_files_open);
    }).join();
  }
  CHECK(call(client, "after") == "after");
}

TEST_CASE("clients that come and go while their registry replies leave nothing behind") {
  Server server(stage::anywhere());
  Echo service("name", stage::at(server));
  service.start(support::kLimit);
  for (int i = 0; i < 50; ++i) {
    Client client("name", stage::asking(server));
    if (i % 2) CHECK(call(client, "x") == "x");
  }
}

TEST_CASE("a client that is inherited by a fork is the parent's alone") {
  if (!support::kCanForkAmidAllocations) return;
  Server server(stage::anywhere());
  Echo service("name", stage::at(server));
  service.start(support::kLimit);
  auto client = std::make_unique<Client>("name", stage::asking(server));
  CHECK(call(*client, "x") == "x");
  CHECK(support::inFork([&] {
          support::expect(support::codeOf([&] { call(*client, "x"); }) == Errc::otherProcess, "refused");
          client->stop();
          client.reset();
          Client own("name", stage::asking(server));
          support::expect(call(own, "x") == "x", "its own is answered");
        }) == "");
  CHECK(call(*client, "x") == "x");
}

TEST_CASE("a name that no service can have is refused where the client is made") {
  for (const std::string& name : {std::string(), std::string(2'000'000, 'n')}) {
    const auto error = support::errorOf([&] { Client client(name); });
    REQUIRE(error);
    CHECK(error->code() == std::errc::invalid_argument);
    CHECK(support::contains(error->what(), "service::Client: the name "));
  }
  ClientOptions options;
  options.registries = {};
  CHECK(support::whatOf([&] { Client client("demo.Echo", options); }).rfind("service::Client 'demo.Echo': ", 0) == 0);
}

TEST_CASE("a call whose only instance dies ends with why, not with its time-out") {
  Server registry(stage::anywhere());
  support::Program only("echo", {"only", std::to_string(registry.port()), "60000", "only"});
  REQUIRE(only.line() == "ready");
  ClientOptions options = stage::asking(registry);
  options.patience = 50ms;
  Client client("only", options);
  auto outcome = std::async(std::launch::async, [&] {
    return support::codeOf([&] { client.call<Msg01>(support::msg01("die"), std::chrono::hours(1)); });
  });
  const bool hasEnded = outcome.wait_for(support::kLimit) == std::future_status::ready;
  CHECK(hasEnded);
  if (!hasEnded) client.stop();
  CHECK(outcome.get() == Errc::gaveUp);
}

TEST_CASE("an instance cannot reply to what another one was asked") {
  Server registry(stage::anywhere());
  support::RawSocket honest(ZMQ_ROUTER), forger(ZMQ_ROUTER);
  const auto portOf = [](const std::string& endpoint) {
    return static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1)));
  };
  dividere::registry::ClientOptions local;
  local.advertise = "127.0.0.1";
  dividere::registry::Client names({stage::locationOf(registry)}, local);
  names.registerService("shared", portOf(honest.bind()));
  names.registerService("shared", portOf(forger.bind()));

  Client client("shared", stage::asking(registry));
  std::vector<std::future<std::string>> calls;
  const auto ask = [&] {
    calls.push_back(std::async(std::launch::async, [&client] {
      try {
        return call(client, "x");
      } catch (const dividere::Error& error) {
        return std::string(error.what());
      }
    }));
  };
  // Until both have been asked. From what it was asked itself the forger knows the way to the client.
  std::optional<support::Frames> atHonest, atForger;
  while (!atHonest || !atForger) {
    ask();
    if (!atHonest) atHonest = honest.recv(support::kShort);
    if (!atForger) atForger = forger.recv(support::kShort);
  }
  const auto reply = [](const support::Frames& request, const std::string& id, const std::string& text) {
    support::Frames frames = request;
    frames[1] = id;
    frames.back() = dividere::messaging::ProtoBuffEncoder().encode(support::msg01(text));
    return frames;
  };
  forger.send(reply(*atForger, (*atHonest)[1], "forged"));
  forger.send(reply(*atForger, (*atForger)[1], "its own"));  // read after the forged one
  const auto isSettled = [&](const std::string& text) {
    return std::any_of(calls.begin(), calls.end(), [&](auto& each) {
      return each.valid() && each.wait_for(0ms) == std::future_status::ready && each.get() == text;
    });
  };
  CHECK(support::eventually([&] { return isSettled("its own"); }));
  honest.send(reply(*atHonest, (*atHonest)[1], "honest"));
  CHECK(support::eventually([&] { return isSettled("honest"); }));
  client.stop();
}

TEST_CASE("a client connects to no more instances than it is told") {
  Server registry(stage::anywhere());
  std::vector<std::unique_ptr<Echo>> services;
  for (int i = 0; i < 8; ++i) {
    services.push_back(std::make_unique<Echo>("crowd", stage::at(registry), std::to_string(i)));
    REQUIRE(services.back()->start(support::kLimit));
  }
  ClientOptions options = stage::asking(registry);
  options.maxInstances = 3;
  options.refresh = 1ms;
  Client client("crowd", options);
  std::map<std::string, int> answers;
  CHECK(support::eventually([&] {
    ++answers[call(client, "")];
    return answers.size() == 3;
  }));
  for (int i = 0; i < 30; ++i) ++answers[call(client, "")];
  CHECK(answers.size() == 3);
}

TEST_CASE("instances that nobody has started do not keep a client from those that are there") {
  Server registry(stage::anywhere());
  dividere::registry::ClientOptions local;
  local.advertise = "127.0.0.1";
  dividere::registry::Client names({stage::locationOf(registry)}, local);
  for (std::uint16_t port = 1; port <= 20; ++port) names.registerService("crowd", port);
  Echo service("crowd", stage::at(registry), "there");
  REQUIRE(service.start(support::kLimit));
  ClientOptions options = stage::asking(registry);
  options.maxInstances = 3;
  Client client("crowd", options);
  CHECK(call(client, "") == "there");
}

// --- What no instance is left for ---

TEST_CASE("a call whose instance died says so, too, if its time is up before another one could come") {
  Server registry(stage::anywhere());
  auto instance = std::make_unique<support::RawSocket>(ZMQ_ROUTER);
  enlist(*instance, registry);
  ClientOptions options = stage::asking(registry);
  options.patience = std::chrono::hours(1);
  Client client("name", options);
  auto first = std::async(std::launch::async, [&] { return call(client, "x"); });
  answer(*instance, instance->recv().value(), "words");
  REQUIRE(first.get() == "words");  // from now on it is connected
  auto code = std::async(std::launch::async,
                         [&] { return support::codeOf([&] { client.call<Msg01>(stage::msg01("x"), 2s); }); });
  REQUIRE(instance->recv());
  instance.reset();
  CHECK(code.get() == Errc::gaveUp);
}

TEST_CASE("a call that lost an instance, and was given back by another that stops, ends with why") {
  Server registry(stage::anywhere());
  auto one = std::make_unique<support::RawSocket>(ZMQ_ROUTER), other = std::make_unique<support::RawSocket>(ZMQ_ROUTER);
  enlist(*one, registry);
  enlist(*other, registry);
  ClientOptions options = stage::asking(registry);
  options.patience = 3s;
  Client client("name", options);
  auto code = std::async(std::launch::async, [&] {
    return support::codeOf([&] { client.call<Msg01>(stage::msg01("x"), std::chrono::hours(1)); });
  });
  REQUIRE(support::eventually([&] {
    if (one->recv(1ms)) return true;
    std::swap(one, other);
    return false;
  }));
  one.reset();
  auto request = other->recv();
  REQUIRE(request);
  DividereError notice;
  notice.set_code(static_cast<std::uint32_t>(Errc::stopping));
  request->back() = dividere::messaging::ProtoBuffEncoder().encode(notice);
  other->send(*request);
  const bool hasEnded = code.wait_for(support::kLimit) == std::future_status::ready;
  CHECK(hasEnded);
  if (!hasEnded) client.stop();
  CHECK(code.get() == Errc::gaveUp);
}
