// Calls that do not wait: started, followed, awaited, cancelled.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "dividere.pb.h"
#include "stage.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/held_log.hpp"
#include "support/local.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/thrown.hpp"

using dividere::Call;
using dividere::CallOptions;
using dividere::Errc;
using dividere::Outcome;
using dividere::registry::Server;
using dividere::service::Client;
using dividere::service::ClientOptions;
using stage::Echo;
using stage::Event;
using stage::msg01;
using support::kLimit;
using namespace std::chrono_literals;

namespace {

/// A service "name" whose handler waits until it is let go, and a client of it.
struct Held {
  Server server{stage::anywhere()};
  dividere::service::Service service{"name", stage::at(server)};
  Event goOn;
  std::atomic<int> handled{0};
  std::unique_ptr<Client> client;

  explicit Held(const ClientOptions& options = {}) {
    service.on([this](const Msg01& message) {
      goOn.wait();
      ++handled;
      return message;
    });
    REQUIRE(service.start(kLimit));
    ClientOptions asking = options;
    asking.registries = {stage::locationOf(server)};
    client = std::make_unique<Client>("name", asking);
  }
  ~Held() {
    goOn.happen();
    service.stop();
  }
};

/// A service "name" that echoes, and a client of it.
struct Stage {
  Server server{stage::anywhere()};
  Echo service{"name", stage::at(server)};
  std::unique_ptr<Client> client;

  Stage() {
    REQUIRE(service.start(kLimit));
    client = std::make_unique<Client>("name", stage::asking(server));
  }
};

/// A plain socket that is an instance of the service "name", and does what the test says.
struct Instance : support::RawSocket {
  explicit Instance(const Server& registry) : RawSocket(ZMQ_ROUTER) {
    dividere::registry::ClientOptions here;
    here.advertise = "127.0.0.1";
    const std::string endpoint = bind();
    dividere::registry::Client({stage::locationOf(registry)}, here)
        .registerService("name", static_cast<std::uint16_t>(std::stoul(endpoint.substr(endpoint.rfind(':') + 1))),
                         kLimit);
  }

  void reply(support::Frames request, const google::protobuf::Message& message) {
    request.back() = dividere::messaging::ProtoBuffEncoder().encode(message);
    send(request);
  }
};

std::string typeOf(const std::optional<support::Frames>& request) {
  msgEnvelope opened;
  if (request && !opened.ParseFromString(request->back())) opened.Clear();
  return opened.msgname();
}

std::string textOf(Outcome<Msg01>& outcome) { return outcome ? outcome->field1() : outcome.error().what(); }

}  // namespace

TEST_CASE("a thousand calls are under way from one thread, and each has its own reply") {
  Stage stage;
  std::vector<Call<Msg01>> calls;
  for (int i = 0; i < 1000; ++i) calls.push_back(stage.client->start<Msg01>(msg01(std::to_string(i)), kLimit));
  int right = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto reply = calls[static_cast<std::size_t>(i)].get();
    if (reply && reply->field1() == std::to_string(i)) ++right;
  }
  CHECK(right == 1000);
}

TEST_CASE("a call is polled, waited for, and got as often as one likes") {
  Held held;
  Call<Msg01> call = held.client->start<Msg01>(msg01("hello"), kLimit);
  CHECK_FALSE(call.ready());
  CHECK_FALSE(call.wait(1ms));
  held.goOn.happen();
  CHECK(call.wait(kLimit));
  CHECK(call.ready());
  CHECK(call.get()->field1() == "hello");
  CHECK(call.get()->field1() == "hello");
}

TEST_CASE("a call is followed: in one thread of the client, before and after its outcome") {
  Stage stage;
  Event before, after;
  std::thread::id threads[2];
  std::string texts[2];
  stage.client->start<Msg01>(msg01("before"), kLimit).then([&](Outcome<Msg01> outcome) {
    threads[0] = std::this_thread::get_id();
    texts[0] = textOf(outcome);
    before.happen();
  });
  Call<Msg01> call = stage.client->start<Msg01>(msg01("after"), kLimit);
  REQUIRE(call.wait(kLimit));
  call.then([&](Outcome<Msg01> outcome) {
    threads[1] = std::this_thread::get_id();
    texts[1] = textOf(outcome);
    after.happen();
  });
  REQUIRE(before.wait());
  REQUIRE(after.wait());
  CHECK(texts[0] == "before");
  CHECK(texts[1] == "after");
  CHECK(threads[0] == threads[1]);
  CHECK(threads[0] != std::this_thread::get_id());
}

TEST_CASE("a call can be started with nothing but a callback") {
  Stage stage;
  Event done;
  std::string text;
  stage.client->start<Msg01>(msg01("hello"), kLimit, [&](Outcome<Msg01> outcome) {
    text = textOf(outcome);
    done.happen();
  });
  REQUIRE(done.wait());
  CHECK(text == "hello");
}

TEST_CASE("a callback starts the next call, cancels another, and does not wait for one") {
  Stage stage;
  Held held;
  Event done;
  std::error_code waited, called, cancelled;
  Call<Msg01> other = held.client->start<Msg01>(msg01("other"), kLimit);
  other.then([&](Outcome<Msg01> outcome) { cancelled = outcome.error().code(); });
  int count = 0;
  std::function<void(Outcome<Msg01>)> next = [&](const Outcome<Msg01>& outcome) {
    if (!outcome || ++count == 100) {
      Call<Msg01> call = stage.client->start<Msg01>(msg01("x"), kLimit);
      waited = support::codeOf([&] { call.get(); });
      called = support::codeOf([&] { stage.client->call<Msg01>(msg01("x"), kLimit); });
      other.cancel();
      return done.happen();
    }
    stage.client->start<Msg01>(msg01("x"), kLimit, next);
  };
  stage.client->start<Msg01>(msg01("x"), kLimit, next);
  REQUIRE(done.wait());
  CHECK(count == 100);
  CHECK(waited == Errc::outOfTurn);
  CHECK(called == Errc::outOfTurn);
  held.client->stop();  // has waited for the callback
  CHECK(cancelled == Errc::cancelled);
}

TEST_CASE("what a callback throws goes to the log, and the next one is called") {
  Stage stage;
  support::LogCapture log;
  Event done;
  stage.client->start<Msg01>(msg01("x"), kLimit, [](const Outcome<Msg01>&) { throw std::runtime_error("a mishap"); });
  stage.client->start<Msg01>(msg01("y"), kLimit, [&](const Outcome<Msg01>&) { done.happen(); });
  REQUIRE(done.wait());
  CHECK(log.wait("a mishap"));
}

TEST_CASE("a call that is cancelled has ended at once; so has one whose Call is gone") {
  Held held;
  Call<Msg01> call = held.client->start<Msg01>(msg01("x"), kLimit);
  call.cancel();
  CHECK(call.ready());
  CHECK(support::codeOf([&] { call.get(); }) == Errc::cancelled);
  Event followed;
  {
    Call<Msg01> gone = held.client->start<Msg01>(msg01("y"), kLimit);
    Call<Msg01> replaced = held.client->start<Msg01>(msg01("z"), kLimit);
    replaced = std::move(gone);
  }
  held.goOn.happen();
  CHECK(held.client->call<Msg01>(msg01("last"), kLimit)->field1() == "last");
}

TEST_CASE("a call that gets no reply in time is nothing to get, and deadlinePassed to follow") {
  Held held;
  Call<Msg01> call = held.client->start<Msg01>(msg01("x"), 500ms);
  CHECK_FALSE(call.get());
  Event done;
  std::error_code code;
  held.client->start<Msg01>(msg01("x"), 500ms, [&](const Outcome<Msg01>& outcome) {
    code = outcome.error().code();
    done.happen();
  });
  REQUIRE(done.wait());
  CHECK(code == Errc::deadlinePassed);
}

TEST_CASE("an outcome without a reply says why, and throws that if it is used all the same") {
  support::LogCapture quiet;
  Server server(stage::anywhere());
  dividere::service::Service service("name", stage::at(server));
  service.on([](const Msg01&) -> Msg01 { throw dividere::Failure(42, "count must not be 0"); });
  REQUIRE(service.start(kLimit));
  Client client("name", stage::asking(server));
  Event done;
  client.start<Msg01>(msg01("x"), kLimit, [&](Outcome<Msg01> outcome) {
    CHECK_FALSE(outcome);
    CHECK(outcome.error().code() == Errc::handlerFailed);
    CHECK(outcome.error().text() == "count must not be 0");
    CHECK(support::codeOf([&] { *outcome; }) == Errc::handlerFailed);
    CHECK(support::codeOf([&] { static_cast<void>(outcome->field1()); }) == Errc::handlerFailed);
    done.happen();
  });
  REQUIRE(done.wait());
  CHECK(support::codeOf([&] { client.start<Msg01>(msg01("x"), kLimit).get(); }) == Errc::handlerFailed);
  CHECK(support::codeOf([&] { client.start<Msg02>(msg01("x"), kLimit).get(); }) == Errc::handlerFailed);
}

TEST_CASE("a client that is stopped ends its calls and follows each, also those that come later") {
  Held held;
  std::atomic<int> stopping{0};
  const std::function<void(Outcome<Msg01>)> count = [&](const Outcome<Msg01>& outcome) {
    stopping += outcome.error().code() == Errc::stopping;
  };
  for (int i = 0; i < 10; ++i) held.client->start<Msg01>(msg01("x"), kLimit, count);
  Call<Msg01> call = held.client->start<Msg01>(msg01("x"), kLimit);
  held.client->stop();
  CHECK(stopping == 10);
  CHECK(support::codeOf([&] { call.get(); }) == Errc::stopping);
  CHECK(support::codeOf([&] { held.client->start<Msg01>(msg01("x"), kLimit); }) == Errc::stopping);
  held.client.reset();
  call.then(count);  // in this thread: the client has none any more
  CHECK(stopping == 11);
}

TEST_CASE("a client may be stopped and destroyed in a callback") {
  for (const bool stopsFirst : {true, false}) {
    Stage stage;
    Event done;
    int more = 0;
    Call<Msg01> pending = stage.client->start<Msg01>(msg01("pending"), kLimit);
    stage.client->start<Msg01>(msg01("x"), kLimit, [&](const Outcome<Msg01>&) {
      ++more;
      if (stopsFirst) stage.client->stop();
      stage.client.reset();
      done.happen();
    });
    REQUIRE(done.wait());
    CHECK(pending.wait(kLimit));
    CHECK(more == 1);
  }
}

TEST_CASE("a Call outlives its client") {
  Held held;
  Call<Msg01> call = held.client->start<Msg01>(msg01("x"), kLimit);
  std::thread waiting([&] { CHECK(support::codeOf([&] { call.get(); }) == Errc::stopping); });
  held.client.reset();
  waiting.join();
  call.cancel();
  CHECK(support::codeOf([&] { call.get(); }) == Errc::stopping);
  Call<Msg01> moved = std::move(call);
  CHECK(support::codeOf([&] { call.get(); }) == Errc::movedFrom);
}

TEST_CASE("calls beyond the limit end as overloaded, and there is room again when others have ended") {
  ClientOptions options;
  options.maxCalls = 10;
  Held held(options);
  std::vector<Call<Msg01>> calls;
  for (int i = 0; i < 10; ++i) calls.push_back(held.client->start<Msg01>(msg01("x"), kLimit));
  CHECK(support::codeOf([&] { held.client->start<Msg01>(msg01("x"), kLimit).get(); }) == Errc::overloaded);
  CHECK(support::codeOf([&] { held.client->call<Msg01>(msg01("x"), kLimit); }) == Errc::overloaded);
  calls[0].cancel();
  Call<Msg01> again = held.client->start<Msg01>(msg01("again"), kLimit);
  held.goOn.happen();
  CHECK(again.get()->field1() == "again");
}

TEST_CASE("a call that must not be repeated ends when the instance that has it dies") {
  Server server(stage::anywhere());
  const std::string port = std::to_string(server.port());
  support::Program first("echo", {"name", port, "60000", "x"}), second("echo", {"name", port, "60000", "y"});
  REQUIRE(first.line() == "ready");
  REQUIRE(second.line() == "ready");
  Client client("name", stage::asking(server));
  CallOptions once;
  once.repeatable = false;
  CHECK(support::codeOf([&] { client.start<Msg01>(msg01("die"), kLimit, once).get(); }) == Errc::gaveUp);
  CHECK(client.call<Msg01>(msg01(""), kLimit));  // by the other
}

TEST_CASE("calls are started, cancelled and followed in many threads at once, and each ends once") {
  Stage stage;
  constexpr int kThreads = 8, kCalls = 500;
  std::atomic<int> replies{0}, cancelled{0}, wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        const std::string text = std::to_string(t) + "/" + std::to_string(i);
        Call<Msg01> call = stage.client->start<Msg01>(msg01(text), kLimit);
        if (i % 10 == 9) std::this_thread::yield();
        call.then([&, text](Outcome<Msg01> outcome) {
          if (outcome) {
            ++(outcome->field1() == text ? replies : wrong);
          } else {
            ++(outcome.error().code() == Errc::cancelled ? cancelled : wrong);
          }
        });
        if (i % 10 == 9) call.cancel();
        if (i % 64 == 63 && stage.client->call<Msg01>(msg01(text), kLimit)->field1() != text) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(support::eventually([&] { return replies + cancelled + wrong == kThreads * kCalls; }));
  CHECK(wrong == 0);
  CHECK(replies >= kThreads * kCalls * 9 / 10);
}

TEST_CASE("a second instance is asked when the first is slow, the first reply counts, and the other is told") {
  Server server(stage::anywhere());
  Instance instances[] = {Instance(server), Instance(server)};
  Client client("name", stage::asking(server));
  Features cancels;
  cancels.set_features(1);
  bool hasTold[] = {false, false};
  REQUIRE(support::eventually([&] {  // each has a call, and tells that it may be told of cancelled ones
    Call<Msg01> call = client.start<Msg01>(msg01("x"), kLimit);
    while (!call.ready()) {
      for (int i = 0; i < 2; ++i) {
        const auto request = instances[i].recv(1ms);
        if (!request) continue;
        instances[i].reply(*request, cancels);
        instances[i].reply(*request, msg01("reply"));
        hasTold[i] = true;
      }
    }
    return hasTold[0] && hasTold[1];
  }));
  CallOptions options;
  options.hedgeAfter = 20ms;
  Call<Msg01> call = client.start<Msg01>(msg01("hedged"), kLimit, options);
  const auto first = instances[0].recv(), second = instances[1].recv();
  REQUIRE(first);
  REQUIRE(second);
  CHECK((*first)[1] == (*second)[1]);
  instances[1].reply(*second, msg01("by the second"));
  CHECK(call.get()->field1() == "by the second");
  const auto told = instances[0].recv();
  CHECK(typeOf(told) == "CancelCall");
  instances[0].reply(*first, msg01("too late"));

  options.repeatable = false;
  Call<Msg01> once = client.start<Msg01>(msg01("once"), kLimit, options);
  const auto has = [&](int i) { return instances[i].recv(1ms).has_value(); };
  int given = -1;
  REQUIRE(support::eventually([&] { return has(given = 0) || has(given = 1); }));
  CHECK_FALSE(instances[1 - given].recv(support::kShort));
}

// --- All instances ---

TEST_CASE("every instance is called at once, and each outcome is its own") {
  support::LogCapture quiet;
  Server server(stage::anywhere());
  Client client("name", stage::asking(server));
  CHECK(support::codeOf([&] { client.callAll<Msg01>(msg01("x"), kLimit); }) == Errc::noService);
  Echo first("name", stage::at(server), "first"), second("name", stage::at(server), "second");
  REQUIRE(first.start(kLimit));
  REQUIRE(second.start(kLimit));
  dividere::service::Service failing("name", stage::at(server));
  failing.on([](const Msg01&) -> Msg01 { throw std::runtime_error("a mishap"); });
  REQUIRE(failing.start(kLimit));
  const stage::FreePorts nobody;
  dividere::registry::ClientOptions here;
  here.advertise = "127.0.0.1";
  dividere::registry::Client({stage::locationOf(server)}, here).registerService("name", nobody.first, kLimit);
  std::multiset<std::string> texts;
  for (auto& outcome : client.callAll<Msg01>(msg01(""), kLimit)) {
    texts.insert(outcome ? outcome->field1() : outcome.error().code().message());
  }
  CHECK(texts == std::multiset<std::string>{"first", "second", "gave up after the last attempt", "handler failed"});
}

TEST_CASE("an instance that keeps silent does not keep the replies of the others") {
  Server server(stage::anywhere());
  Instance silent(server);
  Echo other("name", stage::at(server));
  REQUIRE(other.start(kLimit));
  Client client("name", stage::asking(server));
  REQUIRE(support::eventually([&] {  // both are connected
    return client.callAll<Msg01>(msg01("warm"), 1s).size() == 2 && silent.recv(1ms);
  }));
  int replies = 0, late = 0;
  for (auto& outcome : client.callAll<Msg01>(msg01("x"), 1500ms)) {
    ++(outcome ? replies : late);
    if (!outcome) CHECK(outcome.error().code() == Errc::deadlinePassed);
  }
  CHECK(replies == 1);
  CHECK(late == 1);
  client.stop();
  CHECK(support::codeOf([&] { client.callAll<Msg01>(msg01("x"), kLimit); }) == Errc::stopping);
}

TEST_CASE("a broker whose front is announced under a name is called by it, and another of that name replaces it") {
  Server server(stage::anywhere());
  dividere::registry::AnnouncementOptions here;
  here.registries = {stage::locationOf(server)};
  here.advertise = "127.0.0.1";
  auto first = std::make_unique<dividere::balancing::Broker>(0, 0);
  dividere::balancing::Broker second(0, 0);
  auto announced = std::make_unique<dividere::registry::Announcement>("name", first->frontPort(), "broker", here);
  REQUIRE(announced->wait(kLimit));
  dividere::balancing::Worker worker({support::local(first->backPort()), support::local(second.backPort())});
  worker.on([](const Msg01& message) { return message; });
  worker.start();
  Client client("name", stage::asking(server));
  CHECK(stage::call(client, "by the first") == "by the first");
  CHECK(client.start<Msg01>(msg01("started"), kLimit).get()->field1() == "started");
  dividere::registry::Announcement other("name", second.frontPort(), "broker", here);
  REQUIRE(other.wait(kLimit));
  announced.reset();
  first.reset();
  CHECK(stage::call(client, "by the second") == "by the second");
}

// --- Calls that a handler makes ---

TEST_CASE("a call that a handler makes has as much time as the request that is handled, unless it says otherwise") {
  Server server(stage::anywhere());
  Instance inner(server);
  Client caller("name", stage::asking(server));
  CallOptions outlives;
  outlives.outlivesRequest = true;
  std::vector<Call<Msg01>> calls;  // of the handler
  dividere::service::Service outer("outer", stage::at(server));
  outer.on([&](const Msg01& message) {
    calls.push_back(caller.start<Msg01>(msg01("as long"), 2 * kLimit));
    calls.push_back(caller.start<Msg01>(msg01("longer"), 2 * kLimit, outlives));
    return message;
  });
  REQUIRE(outer.start(kLimit));
  Client client("outer", stage::asking(server));
  REQUIRE(client.call<Msg01>(msg01("x"), kLimit));
  std::map<std::string, std::uint32_t> timeouts;
  for (int i = 0; i < 2; ++i) {
    const auto request = inner.recv();
    REQUIRE(request);
    msgEnvelope opened;
    REQUIRE(opened.ParseFromString(request->back()));
    Msg01 message;
    REQUIRE(opened.msg().UnpackTo(&message));
    timeouts[message.field1()] = opened.timeoutms();
  }
  CHECK(timeouts["as long"] > 0);
  CHECK(timeouts["as long"] <= kLimit.count());
  CHECK(timeouts["longer"] > kLimit.count());
}

// --- Parts before the reply ---

namespace {

/// An instance that sends parts to a client, one call at a time.
struct PartSender {
  Server server{stage::anywhere()};
  Instance instance{server};
  Client client{"name", stage::asking(server)};
  support::Frames request;
  msgEnvelope fields;  // of the request
  std::uint32_t sent = 0;

  void take() {
    auto taken = instance.recv();
    REQUIRE(taken);
    request = *taken;
    REQUIRE(fields.ParseFromString(request.back()));
    sent = 0;
  }

  void send(const google::protobuf::Message& message) {
    msgEnvelope part;
    part.set_msgname(message.GetTypeName());
    static_cast<void>(part.mutable_msg()->PackFrom(message));
    part.set_part(++sent);
    part.set_more(true);
    support::Frames frames = request;
    frames.back() = part.SerializeAsString();
    instance.send(frames);
  }
  void send(int count) {
    for (int i = 0; i < count; ++i) send(msg01(std::to_string(sent + 1)));
  }
  void end() { instance.reply(request, msg01("the end")); }

  /// What comes next, if it is credit for this call.
  std::uint32_t credit() {
    const auto told = instance.recv();
    msgEnvelope opened;
    Credit credit;
    if (!told || (*told)[1] != request[1] || !opened.ParseFromString(told->back())) return 0;
    return opened.msg().UnpackTo(&credit) ? credit.parts() : 0;
  }
};

}  // namespace

TEST_CASE("parts are handled in order and before the reply, also those that came before there was a handler") {
  PartSender sender;
  support::Notes<std::string> notes;
  Call<Msg01> call = sender.client.start<Msg01>(msg01("x"), kLimit);
  sender.take();
  CHECK(sender.fields.takesparts());
  sender.send(2);
  sender.send(stage::msg02("progress", 50));
  sender.client.call<Msg01>(msg01("other"), 1ms);  // by now those have come, or will
  call.onPart<Msg01>([&](const Msg01& part) { notes.add(part.field1()); });
  call.onPart<Msg02>([&](const Msg02& part) { notes.add(part.field1()); });
  sender.send(1);
  call.then([&](const Outcome<Msg01>& outcome) { notes.add(outcome->field1()); });
  sender.end();
  REQUIRE(notes.reachOne("the end"));
  std::vector<std::string> all = notes.all();
  all.erase(std::remove(all.begin(), all.end(), "progress"), all.end());  // of another type: it may find no handler yet
  CHECK(all == std::vector<std::string>{"1", "2", "4", "the end"});
}

TEST_CASE("a stream is read in a loop, and its sender is allowed more parts as they are read") {
  PartSender sender;
  auto stream = sender.client.stream<Msg01>(msg01("x"), kLimit);
  sender.take();
  CHECK(sender.fields.takesparts());
  CHECK(sender.fields.partsonce());
  sender.send(32);
  for (int i = 1; i <= 15; ++i) REQUIRE(stream.next());
  CHECK_FALSE(sender.instance.recv(support::kShort));
  REQUIRE(stream.next());
  CHECK(sender.credit() == 16);
  sender.send(16);
  std::thread rest([&] {
    for (std::uint32_t more = 0; more < 17;) more += sender.credit();  // less than 16 are not worth a message
    sender.end();
  });
  std::string last;
  int count = 16;
  for (Msg01& part : stream) {
    last = part.field1();
    CHECK(last == std::to_string(++count));
  }
  rest.join();
  CHECK(count == 48);
  CHECK(stream.reply<Msg01>()->field1() == "the end");
  CHECK_FALSE(stream.next());
}

TEST_CASE("a stream that fails, is late or is cancelled throws that in its loop") {
  PartSender sender;
  {
    auto stream = sender.client.stream<Msg01>(msg01("x"), kLimit);
    sender.take();
    sender.send(1);
    DividereError failed;
    failed.set_code(3);
    failed.set_text("a mishap");
    sender.instance.reply(sender.request, failed);
    CHECK(stream.next());
    CHECK(support::codeOf([&] { stream.next(); }) == Errc::handlerFailed);
  }
  CHECK(support::codeOf([&] {
          for (Msg01& part : sender.client.stream<Msg01>(msg01("x"), 20ms)) part.Clear();
        }) == Errc::deadlinePassed);
  auto stream = sender.client.stream<Msg01>(msg01("x"), kLimit);
  std::thread cancelling([&] { stream.cancel(); });
  CHECK(support::codeOf([&] { stream.next(); }) == Errc::cancelled);
  cancelling.join();
}

TEST_CASE("parts that are lost end their stream with an error: none is missed in silence") {
  PartSender sender;
  auto stream = sender.client.stream<Msg01>(msg01("x"), kLimit);
  sender.take();
  sender.send(2);
  sender.sent += 1;
  sender.send(1);
  CHECK(stream.next()->field1() == "1");
  CHECK(stream.next()->field1() == "2");
  CHECK(support::codeOf([&] { stream.next(); }) == Errc::gaveUp);
}

TEST_CASE("a stream that nobody reads any more is cancelled at its source") {
  PartSender sender;
  Features cancels;
  cancels.set_features(3);
  {
    auto stream = sender.client.stream<Msg01>(msg01("x"), kLimit);
    sender.take();
    sender.instance.reply(sender.request, cancels);
    sender.send(3);
    for (Msg01& part : stream) {
      if (part.field1() == "2") break;
    }
  }
  const auto told = sender.instance.recv();
  CHECK(typeOf(told) == "CancelCall");
}

TEST_CASE("who waits for the reply alone does not keep the sender of parts waiting") {
  PartSender sender;
  Call<Msg01> call = sender.client.start<Msg01>(msg01("x"), kLimit);
  sender.take();
  sender.send(32);
  std::thread waiting([&] { CHECK(call.get()->field1() == "the end"); });
  for (std::uint32_t credit = 0; credit < 17;) credit += sender.credit();
  sender.send(32);
  sender.end();
  waiting.join();
}

TEST_CASE("a peer that sends more parts than it may ends its call, and no other") {
  PartSender sender;
  Call<Msg01> other = sender.client.start<Msg01>(msg01("x"), kLimit);
  const auto first = sender.instance.recv();
  REQUIRE(first);
  auto stream = sender.client.stream<Msg01>(msg01("x"), kLimit);
  sender.take();
  sender.send(200);
  CHECK(support::codeOf([&] {
          for (Msg01& part : stream) {  // what has come is read first
            part.Clear();
            stream.reply<Msg01>();
          }
        }) == Errc::malformed);
  sender.instance.reply(*first, msg01("right"));
  CHECK(other.get()->field1() == "right");
}

// --- A forked child ---

TEST_CASE("in a forked child a Call says that it is its parent's, and goes without a word") {
  if (!support::kCanForkAmidAllocations) return;
  Held held;
  auto call = std::make_unique<Call<Msg01>>(held.client->start<Msg01>(msg01("x"), kLimit));
  const std::string report = support::inFork([&] {
    support::expect(support::codeOf([&] { call->get(); }) == Errc::otherProcess, "refused");
    call.reset();
  });
  CHECK(report.empty());
  held.goOn.happen();
  CHECK(call->get()->field1() == "x");
}
