// What callbacks of calls may do, and what becomes of those who wait meanwhile.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stage.hpp"
#include "support/eventually.hpp"
#include "support/log_capture.hpp"
#include "support/thrown.hpp"

using dividere::Call;
using dividere::Errc;
using dividere::Outcome;
using dividere::service::Client;
using stage::Event;
using stage::msg01;
using support::codeOf;
using support::kLimit;
using support::kShort;
using support::Notes;
using namespace std::chrono_literals;

namespace {

/// A service that sends three parts before each reply, and holds back the reply to "held".
struct Stage {
  dividere::registry::Server server{stage::anywhere()};
  dividere::service::Service service{"name", stage::at(server)};
  Notes<std::string> asked;
  std::vector<dividere::reactor::Later> held;  // of the service's thread, until it is stopped
  std::optional<Client> client;

  Stage() {
    service.on([this](const Msg01& request, dividere::reactor::Sender& sender) {
      asked.add(request.field1());
      if (request.field1() == "held") return held.push_back(sender.defer());
      for (const char* text : {"1", "2", "3"}) sender.sendPart(msg01(text));
      sender.send(request);
    });
    REQUIRE(service.start(kLimit));
    client.emplace("name", stage::asking(server));
  }
  ~Stage() { service.stop(); }

  Call<Msg01> start(const std::string& text) { return client->start<Msg01>(msg01(text), kLimit); }
};

/// Nothing, if no call is under way: all have been told.
bool isIdle(Client& client) { return client.call<Msg01>(msg01("idle"), kLimit).has_value(); }

}  // namespace

TEST_CASE("who waits for a reply goes on once the parts before it have been handled") {
  Event goOn;
  Notes<std::string> parts;
  Stage stage;
  Call<Msg01> call = stage.start("x");
  REQUIRE(support::eventually([&] { return call.ready(); }));
  call.onPart<Msg01>([&](const Msg01& part) {
    parts.add(part.field1());
    goOn.wait();
  });
  CHECK_FALSE(call.wait(kShort));
  auto reply = std::async(std::launch::async, [&] { return call.get(); });
  goOn.happen();
  CHECK(reply.get()->field1() == "x");
  CHECK(parts.all() == std::vector<std::string>{"1", "2", "3"});
}

TEST_CASE("a Call that goes waits for the handler of its parts, and no other is called then") {
  Notes<bool> entered;
  Event goOn;
  Stage stage;
  std::optional<Call<Msg01>> call(stage.start("x"));
  call->onPart<Msg01>([&](const Msg01&) {
    entered.add(true);
    goOn.wait();
  });
  REQUIRE(entered.reach(1));
  auto gone = std::async(std::launch::async, [&] { call.reset(); });
  CHECK(gone.wait_for(kShort) == std::future_status::timeout);
  goOn.happen();
  gone.get();
  const std::size_t count = entered.count();
  CHECK(count < 3);
  REQUIRE(isIdle(*stage.client));
  CHECK(entered.count() == count);
}

TEST_CASE("a Call may be destroyed, cancelled and asked in the handler of its own parts") {
  Notes<std::string> notes;
  Event isSet;
  Stage stage;
  std::optional<Call<Msg01>> destroyed(stage.start("x")), cancelled(stage.start("y"));
  std::optional<Call<Msg01>> asked(stage.start("held"));
  destroyed->onPart<Msg01>([&](const Msg01&) {
    isSet.wait();
    destroyed.reset();
    notes.add("destroyed");
  });
  cancelled->onPart<Msg01>([&](const Msg01&) {
    notes.add(codeOf([&] { asked->wait(kLimit); }) == Errc::outOfTurn ? "out of turn" : "waited");
    cancelled->cancel();
    codeOf([&] { cancelled->get(); });
  });
  isSet.happen();
  REQUIRE(notes.reachOne("destroyed"));
  REQUIRE(notes.reachOne("out of turn"));
  CHECK(isIdle(*stage.client));
}

TEST_CASE("a Call may be destroyed, asked, cancelled and followed again in its own callback") {
  Notes<std::string> notes;
  Event isSet;
  Stage stage;
  auto call = std::make_shared<std::optional<Call<Msg01>>>(stage.start("x"));
  (*call)->then([&, call](const Outcome<Msg01>& outcome) {
    isSet.wait();
    notes.add(outcome->field1());
    (*call)->cancel();  // it has ended
    notes.add((*call)->get()->field1());
    notes.add((*call)->get()->field1());
    (*call)->then([&, call](const Outcome<Msg01>& again) {
      notes.add("again " + again->field1());
      call->reset();
      notes.add("gone");
    });
  });
  isSet.happen();
  REQUIRE(notes.reachOne("gone"));
  CHECK(notes.all() == std::vector<std::string>{"x", "x", "x", "again x", "gone"});
  CHECK(isIdle(*stage.client));
}

TEST_CASE("whatever callbacks throw, the next one is called") {
  const support::LogCapture log(dividere::LogLevel::warning);
  Event called;
  Stage stage;
  stage.client->start<Msg01>(msg01("1"), kLimit, [](const Outcome<Msg01>&) { throw 42; });
  auto parts = stage.start("2");
  parts.onPart<Msg01>([](const Msg01&) { throw std::string("no exception"); });
  CHECK(parts.get());
  stage.client->start<Msg01>(msg01("3"), kLimit, [&](const Outcome<Msg01>&) { called.happen(); });
  CHECK(called.wait());
}

TEST_CASE("a client may have nobody but its callbacks to keep it") {
  Stage stage;
  for (const bool replies : {true, false}) {
    CAPTURE(replies);
    Event called;
    auto client = std::make_shared<Client>("name", stage::asking(stage.server));
    const std::weak_ptr<Client> watched = client;
    client->start<Msg01>(msg01(replies ? "x" : "held"), replies ? std::chrono::milliseconds(kLimit) : 50ms,
                         [client, &called](const Outcome<Msg01>&) { called.happen(); });
    client.reset();
    REQUIRE(called.wait());
    CHECK(support::eventually([&] { return watched.expired(); }));
  }
}

TEST_CASE("what a callback holds may use the client as it goes") {
  struct Last {
    Client& client;
    Event& event;
    ~Last() {
      client.start<Msg01>(msg01("last"), kLimit, [&event = event](const Outcome<Msg01>&) { event.happen(); });
    }
  };
  Event event;
  Stage stage;
  auto last = std::make_shared<Last>(Last{*stage.client, event});
  stage.client->start<Msg01>(msg01("x"), kLimit, [held = std::move(last)](const Outcome<Msg01>&) {});
  CHECK(event.wait());
}

TEST_CASE("a client that is stopped in a callback ends the calls that wait in other threads") {
  Notes<std::error_code> notes;
  Stage stage;
  auto waiting =
      std::async(std::launch::async, [&] { return codeOf([&] { stage.client->call<Msg01>(msg01("held"), kLimit); }); });
  auto got = stage.start("held");
  REQUIRE(stage.asked.reach(2));
  stage.client->start<Msg01>(msg01("x"), kLimit, [&](const Outcome<Msg01>&) {
    stage.client->stop();
    notes.add(codeOf([&] { stage.start("y"); }));
  });
  CHECK(waiting.get() == Errc::stopping);
  CHECK(codeOf([&] { got.get(); }) == Errc::stopping);
  REQUIRE(notes.reach(1));
  CHECK(notes.all()[0] == Errc::stopping);
}

TEST_CASE("a call that a callback starts is on its way at once, though the callback goes on") {
  Notes<bool> asked;
  Stage stage;
  stage.client->start<Msg01>(msg01("x"), kLimit, [&](const Outcome<Msg01>&) {
    stage.client->start<Msg01>(msg01("y"), kLimit, [](const Outcome<Msg01>&) {});
    asked.add(stage.asked.reach(2));
  });
  REQUIRE(asked.reach(1));
  CHECK(asked.all()[0]);
}

TEST_CASE("a callback that does not return keeps no call() from its own time-out") {
  Event entered, goOn;
  Stage stage;
  stage.client->start<Msg01>(msg01("x"), kLimit, [&](const Outcome<Msg01>&) {
    entered.happen();
    goOn.wait();
  });
  REQUIRE(entered.wait());
  CHECK_FALSE(stage.client->call<Msg01>(msg01("held"), 20ms));
  goOn.happen();
}

TEST_CASE("100,000 calls that nobody takes are under way, and end with their client, once each") {
  constexpr int kCalls = 100000;
  const support::LogCapture log(dividere::LogLevel::warning);
  std::atomic<int> stopped{0}, other{0};
  {
    dividere::service::ClientOptions options;
    options.registries = {dividere::registry::Location{"127.0.0.1", 1}};
    Client client("nobody", options);
    for (int i = 0; i < kCalls; ++i) {
      client.start<Msg01>(msg01("x"), std::chrono::hours(24), [&](const Outcome<Msg01>& outcome) {
        ++(outcome.error().code() == Errc::stopping ? stopped : other);
      });
    }
    CHECK(codeOf([&] { client.start<Msg01>(msg01("x"), std::chrono::hours(24)).get(); }) == Errc::overloaded);
  }
  CHECK(stopped == kCalls);
  CHECK(other == 0);
}
