// Calls, and questions to registries, that are ended by an Interrupt.
#include <doctest/doctest.h>
#include <zmq.h>

#include <chrono>
#include <cstdint>
#include <dividere.hpp>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include "stage.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/thrown.hpp"

using dividere::Errc;
using dividere::Interrupt;
using dividere::registry::Server;
using dividere::service::Client;
using stage::Event;
using stage::msg01;
using support::kLimit;

namespace {

constexpr auto kForEver = std::chrono::milliseconds::max();

/// A service that replies to nothing but "now" until its callers give up.
struct Silent {
  Server server{stage::anywhere()};
  dividere::service::Service service{"name", stage::at(server)};
  support::Notes<std::string> asked, cancelled;
  std::vector<dividere::reactor::Later> held;
  Client client{"name", stage::asking(server)};

  Silent() {
    service.on([this](const Msg01& message, dividere::reactor::Sender& sender) {
      if (message.field1() == "now") return sender.send(message);
      sender.onCancel([this, text = message.field1()] { cancelled.add(text); });
      held.push_back(sender.defer());
      asked.add(message.field1());
    });
    REQUIRE(service.start(kLimit));
    REQUIRE(client.call<Msg01>(msg01("now"), kLimit));
  }
  ~Silent() { service.stop(); }

  using Wait = std::function<bool(const Interrupt&)>;

  /// Whether they got what they wait for.
  std::vector<Wait> waits() {
    return {
        [&](const Interrupt& interrupt) { return client.call<Msg01>(msg01("1"), kForEver, interrupt).has_value(); },
        [&](const Interrupt& interrupt) { return client.call(msg01("2"), kForEver, interrupt) != nullptr; },
        [&](const Interrupt& interrupt) {
          Msg01 untouched;
          return client.callInto(msg01("3"), untouched, kForEver, interrupt);
        },
        [&](const Interrupt& interrupt) {
          const auto all = client.callAll<Msg01>(msg01("4"), kForEver, interrupt);
          return all.size() != 1 || all[0].error().code() != Errc::cancelled;
        },
    };
  }
};

/// A registry that says nothing.
dividere::registry::Location boundTo(support::RawSocket& silence) {
  const std::string endpoint = silence.bind();
  return {"127.0.0.1", static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)))};
}

}  // namespace

TEST_CASE("a call that waits ends with nothing once its interrupt is raised, and its handler is told") {
  Silent silent;
  Interrupt interrupt;
  std::size_t count = 0;
  for (const auto& wait : silent.waits()) {
    ++count;
    CAPTURE(count);
    interrupt.reset();
    auto gotSomething = std::async(std::launch::async, [&] { return wait(interrupt); });
    REQUIRE(silent.asked.reach(count));
    interrupt.raise();
    CHECK_FALSE(gotSomething.get());
    CHECK(silent.cancelled.reach(count));
  }
  CHECK(silent.client.call<Msg01>(msg01("now"), kLimit));
}

TEST_CASE("an interrupt that was raised before ends a call at once, and none of several that is not given it") {
  Silent silent;
  auto other = silent.client.start<Msg01>(msg01("other"), kForEver);
  REQUIRE(silent.asked.reach(1));
  Interrupt interrupt;
  interrupt.raise();
  const auto waits = silent.waits();
  for (std::size_t i = 0; i < 3; ++i) CHECK_FALSE(waits[i](interrupt));
  CHECK(support::codeOf([&] { waits[3](interrupt); }) == Errc::noRegistry);  // it has not looked for instances
  CHECK_FALSE(other.ready());
  interrupt.reset();
  CHECK(silent.client.call<Msg01>(msg01("now"), kLimit, interrupt));
}

TEST_CASE("an interrupt ends the wait for a call, which goes on") {
  Silent silent;
  auto call = silent.client.start<Msg01>(msg01("held"), kForEver);
  REQUIRE(silent.asked.reach(1));
  Interrupt interrupt;
  auto got = std::async(std::launch::async, [&] { return call.get(interrupt).has_value(); });
  interrupt.raise();
  CHECK_FALSE(got.get());
  CHECK_FALSE(call.wait(kForEver, interrupt));
  CHECK_FALSE(call.ready());
  interrupt.reset();
  silent.held[0].send(msg01("at last"));
  CHECK(call.wait(kLimit, interrupt));
  const auto reply = call.get(interrupt);
  REQUIRE(reply);
  CHECK(reply->field1() == "at last");
}

TEST_CASE("an interrupt ends the search for instances, and none is called behind the caller's back") {
  const support::LogCapture log(dividere::LogLevel::warning);
  support::RawSocket silence(ZMQ_ROUTER);
  Client client("name", stage::asking(boundTo(silence)));
  Interrupt interrupt;
  auto ended = std::async(std::launch::async, [&] {
    return support::codeOf([&] { client.callAll<Msg01>(msg01(""), kForEver, interrupt); });
  });
  interrupt.raise();
  CHECK(ended.get() == Errc::noRegistry);
}

TEST_CASE("an interrupt ends each question to a registry that keeps silent") {
  support::RawSocket silence(ZMQ_ROUTER);
  dividere::registry::Client client(std::vector<dividere::registry::Location>{boundTo(silence)});
  using Ask = std::function<void(const Interrupt&)>;
  const std::vector<Ask> asks{
      [&](const Interrupt& interrupt) { client.registerService("name", 1, kForEver, interrupt); },
      [&](const Interrupt& interrupt) { client.unregisterService("name", 1, kForEver, interrupt); },
      [&](const Interrupt& interrupt) { client.lookupService("name", kForEver, interrupt); },
      [&](const Interrupt& interrupt) { client.instances("name", kForEver, interrupt); },
  };
  for (const Ask& ask : asks) {
    Interrupt interrupt;
    auto ended = std::async(std::launch::async, [&] { return support::codeOf([&] { ask(interrupt); }); });
    interrupt.raise();
    CHECK(ended.get() == Errc::noRegistry);
  }
}

TEST_CASE("an interrupt ends the wait for the next part of a stream, which goes on afterwards") {
  Server server(stage::anywhere());
  std::promise<void> go;
  dividere::service::Service service("name", stage::at(server));
  service.on([&](const Msg01& message, dividere::reactor::Sender& sender) {
    go.get_future().wait();
    sender.sendPart(msg01("part"));
    return message;
  });
  REQUIRE(service.start(kLimit));
  Client client("name", stage::asking(server));
  Interrupt interrupt;
  interrupt.raise();
  auto stream = client.stream<Msg01>(msg01("reply"), kLimit);
  CHECK_FALSE(stream.next(kForEver, interrupt));
  CHECK(stream.timedOut());
  CHECK_FALSE(stream.next(std::chrono::milliseconds(1)));
  CHECK(stream.timedOut());
  go.set_value();
  interrupt.reset();
  const Msg01* const part = stream.next(kLimit, interrupt);
  REQUIRE(part);
  CHECK(part->field1() == "part");
  CHECK_FALSE(stream.next(kLimit));
  CHECK_FALSE(stream.timedOut());
}

TEST_CASE("an interrupt ends the wait for a registry that a service starts with, and an announcement's") {
  const stage::FreePorts nobody;
  stage::Echo service("name", stage::at(nobody.location()));
  Interrupt interrupt;
  auto started = std::async(std::launch::async, [&] { return service.start(kForEver, interrupt); });
  dividere::registry::AnnouncementOptions options;
  options.registries = {nobody.location()};
  const dividere::registry::Announcement announcement("other", 1, "service", options);
  auto known = std::async(std::launch::async, [&] { return announcement.wait(kForEver, interrupt); });
  interrupt.raise();
  CHECK_FALSE(started.get());
  CHECK_FALSE(known.get());
}
