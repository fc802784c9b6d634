// How a service handles calls: methods, what a `service` block promises, and the caller's time.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <dividere.hpp>
#include <string>
#include <utility>

#include "calculator.pb.h"
#include "caller.hpp"
#include "support/eventually.hpp"
#include "support/limit.hpp"
#include "support/log_capture.hpp"
#include "support/notes.hpp"
#include "support/thrown.hpp"

using caller::alone;
using caller::RawCaller;
using dividere::Errc;
using dividere::reactor::Sender;
using dividere::service::Service;
using support::contains;
using namespace std::chrono_literals;

namespace {

demo::Operands operands(int left, int right) {
  demo::Operands made;
  made.set_left(left);
  made.set_right(right);
  return made;
}

demo::Number number(int value) {
  demo::Number made;
  made.set_value(value);
  return made;
}

demo::Number add(const demo::Operands& of) { return number(of.left() + of.right()); }
demo::Number subtract(const demo::Operands& of) { return number(of.left() - of.right()); }
demo::Number negate(const demo::Number& of) { return number(-of.value()); }

/// All of demo.Calculator.
void implementCalculator(Service& service) {
  service.on("Add", add).on("Subtract", subtract).on(negate);
  service.on("Count", [](const demo::Other&) { return number(0); });
  service.implements("demo.Calculator");
}

/// Adds for whoever calls, and negates for whoever asks at a socket of its own.
class Both : public Service, public dividere::reactor::MtMsgReactor {
 public:
  Both(const dividere::service::ServiceOptions& options, dividere::messaging::Response response)
      : Service("name", options) {
    Service::on(&Both::added);
    MtMsgReactor::on(&Both::negated);
    MtMsgReactor::add(std::move(response));
    Service::start(0ms);
    MtMsgReactor::start();
  }
  ~Both() override {
    Service::stop();
    MtMsgReactor::stop();
  }

 private:
  demo::Number added(const demo::Operands& of) { return ::add(of); }
  demo::Number negated(const demo::Number& of) { return negate(of); }
};

std::string whyNot(Service& service, std::error_code code) {
  const auto error = support::errorOf([&] { service.start(0ms); });
  REQUIRE(error);
  CHECK(error->code() == code);
  return error->what();
}

}  // namespace

// --- Methods ---

TEST_CASE("two methods take one type, and a request without a method goes by its type") {
  for (const int threads : {1, 2}) {
    Service service("name", alone(threads));
    service.on("Add", add).on("Subtract", subtract);
    service.on([](const demo::Operands& of) { return number(of.left() * of.right()); });
    service.start(0ms);
    RawCaller caller(service);
    for (int i = 0; i < 3; ++i) {
      caller.ask("1", operands(7, 5), caller::method("Add"));
      CHECK(caller.reply<demo::Number>("1")->value() == 12);
      caller.ask("2", operands(7, 5), caller::method("Subtract"));
      CHECK(caller.reply<demo::Number>("2")->value() == 2);
      caller.ask("3", operands(7, 5));
      CHECK(caller.reply<demo::Number>("3")->value() == 35);
    }
  }
}

TEST_CASE("a method that nobody has, or that takes another type, is an unknown type, and that is said") {
  support::LogCapture quiet;
  Service service("name", alone());
  service.on("Add", add).on(negate);
  service.start(0ms);
  RawCaller caller(service);
  caller.ask("1", operands(1, 2), caller::method("Multiply"));
  DividereError told = caller.error("1");
  CHECK((told.code() == 5 && contains(told.text(), "no method 'Multiply'")));
  caller.ask("2", number(1), caller::method("Add"));
  told = caller.error("2");
  CHECK((told.code() == 5 && contains(told.text(), "'Add' takes 'demo.Operands', not 'demo.Number'")));
  caller.ask("3", operands(1, 2));
  told = caller.error("3");
  CHECK((told.code() == 5 && contains(told.text(), "no handler for 'demo.Operands'")));
  caller.ask("4", number(1));
  CHECK(caller.reply<demo::Number>("4")->value() == -1);
  CHECK(service.handlerStats().unknown == 3);
}

TEST_CASE("methods are for reactors too, and may be member functions and generic lambdas") {
  struct Reactor : dividere::reactor::MtMsgReactor {
    demo::Number sum(const demo::Operands& of) { return number(of.left() + of.right()); }
  } reactor;
  dividere::messaging::Response response("tcp://127.0.0.1:*");
  dividere::messaging::Request request(response.endpoint());
  reactor.add(std::move(response)).on("Add", &Reactor::sum).on<demo::Operands>("First", [](const auto& of) {
    return number(of.left());
  });
  reactor.start();
  for (const auto& [method, result] : {std::pair<std::string, int>{"Add", 12}, {"First", 7}}) {
    request.connection().send(caller::envelopeOf(operands(7, 5)) + caller::method(method));
    CHECK(request.recv<demo::Number>(support::kLimit)->value() == result);
  }
  reactor.stop();
}

TEST_CASE("a class that is a Service and a reactor has handlers of both") {
  dividere::messaging::Response response("tcp://127.0.0.1:*");
  dividere::messaging::Request request(response.endpoint());
  Both both(alone(), std::move(response));
  RawCaller caller(both);
  caller.ask("1", operands(7, 5));
  CHECK(caller.reply<demo::Number>("1")->value() == 12);
  request.send(number(7));
  CHECK(request.recv<demo::Number>(support::kLimit)->value() == -7);
}

TEST_CASE("a method's name has 1 to 255 bytes") {
  Service service("name", alone());
  for (const std::string& name : {std::string(), std::string(256, 'x')}) {
    CHECK(support::codeOf([&] { service.on(name, add); }) == std::errc::invalid_argument);
  }
  service.on(std::string(255, 'x'), add);
}

// --- What a `service` block promises ---

TEST_CASE("a service implements the methods of its .proto, by name, or by type where one method takes that") {
  Service service("name", alone());
  implementCalculator(service);
  service.start(0ms);
  RawCaller caller(service);
  caller.ask("1", operands(7, 5), caller::method("Subtract"));
  CHECK(caller.reply<demo::Number>("1")->value() == 2);
  for (const std::string method : {"", "Negate"}) {  // it was set for the type alone
    caller.ask("2", number(3), method.empty() ? "" : caller::method(method));
    CHECK(caller.reply<demo::Number>("2")->value() == -3);
  }
  demo::Other other;  // its handler was set for the method alone
  caller.ask("3", other);
  CHECK(caller.reply<demo::Number>("3")->value() == 0);
}

TEST_CASE("a handler that stands for a method and for its type is one, with one state") {
  Service service("name", alone());
  service.on("Add", add).on("Subtract", subtract).on([count = 0](const demo::Number&) mutable {
    return number(++count);
  });
  service.on("Count", [](const demo::Other&) { return number(0); }).implements("demo.Calculator");
  service.start(0ms);
  RawCaller caller(service);
  for (int i = 1; i < 5; ++i) {
    caller.ask("1", number(0), i % 2 ? caller::method("Negate") : "");
    CHECK(caller.reply<demo::Number>("1")->value() == i);
  }
}

TEST_CASE("start() names each method without a handler, each type that is another, and a service that is not linked") {
  Service lacking("name", alone());
  lacking.on("Add", add).on(subtract).on([](const demo::Other&) { return number(0); }).implements("demo.Calculator");
  const std::string lacks = whyNot(lacking, Errc::unknownType);
  CHECK(contains(lacks, "'name': start: demo.Calculator is incomplete: "));
  CHECK(contains(lacks, "no handler for Subtract(demo.Operands); no handler for Negate(demo.Number)"));
  CHECK_FALSE(contains(lacks, "Add"));

  Service wrong("name", alone());
  wrong.on("Add", negate).on("Subtract", [](const demo::Operands&) { return demo::Other(); }).on(negate);
  wrong.on("Count", [](const demo::Other&) { return demo::Operands(); }).implements("demo.Calculator");
  const std::string faults = whyNot(wrong, Errc::wrongType);
  CHECK(contains(faults, "Add takes demo.Operands, its handler demo.Number"));
  CHECK(contains(faults, "Subtract returns demo.Number, its handler demo.Other"));
  CHECK_FALSE(contains(faults, "Count"));  // the parts are what it returns

  for (const std::string name : {"demo.Nothing", "demo.Operands", "", "\xFF"}) {
    Service unknown("name", alone());
    unknown.implements(name);
    CHECK(contains(whyNot(unknown, Errc::unknownType), "is linked into this program"));
  }
  Service streaming("name", alone());
  streaming.on("Upload", negate).implements("demo.Uploads");
  CHECK(contains(whyNot(streaming, Errc::unknownType), "Upload takes a stream"));
}

TEST_CASE("a reply of another type than the method returns is the service's error, and its caller is told") {
  support::LogCapture quiet;
  std::string reported;
  Service service("name", alone());
  implementCalculator(service);
  service.on("Add", [](const demo::Operands&, Sender& sender) { sender.send(demo::Other()); });
  service.onError([&](const dividere::Error& error) { reported = error.what(); });
  service.start(0ms);
  RawCaller caller(service);
  caller.ask("1", operands(1, 2), caller::method("Add"));
  const DividereError told = caller.error("1");
  CHECK((told.code() == 3 &&
         contains(told.text(), "a reply of 'demo.Other', where demo.Calculator.Add returns 'demo.Number'")));
  caller.ask("2", operands(1, 2), caller::method("Subtract"));
  CHECK(caller.reply<demo::Number>("2")->value() == -1);
  service.stop();
  CHECK(contains(reported, "demo.Calculator.Add returns 'demo.Number'"));
  CHECK(support::codeOf([&] { service.implements("demo.Uploads"); }) == Errc::outOfTurn);
}

// --- The caller's time ---

TEST_CASE("a handler sees what is left of its caller's time") {
  for (const int threads : {1, 2}) {
    Service service("name", alone(threads));
    support::Notes<std::chrono::milliseconds> left;
    service.on([&](const demo::Number& of, Sender& sender) {
      left.add(sender.remaining());
      return of;
    });
    service.start(0ms);
    RawCaller caller(service);
    caller.ask("1", number(1), caller::timeout(3'600'000));
    caller.ask("2", number(2), caller::timeout(0xFFFFFFFF));
    caller.ask("3", number(3));
    REQUIRE(left.reach(3));
    service.stop();
    auto all = left.all();
    std::sort(all.begin(), all.end());
    CHECK((all[0] > 3'000'000ms && all[0] <= 3'600'000ms));
    CHECK((all[1] > 4'294'000'000ms && all[1] <= 4'294'967'295ms));
    CHECK(all[2] == std::chrono::milliseconds::max());
  }
}

TEST_CASE("a request that has expired before its handler could run is not executed, but refused and counted") {
  Service service("name", alone(2));
  support::Notes<int> running;
  stage::Event goOn;
  service.on([&](const demo::Number& of) {
    running.add(of.value());
    if (of.value() < 0) goOn.wait();
    return of;
  });
  service.start(0ms);
  RawCaller holding(service), caller(service);
  holding.ask("a", number(-1));
  holding.ask("b", number(-2));
  REQUIRE(running.reach(2));
  caller.ask("1", number(1), caller::timeout(1) + caller::asksFeatures());
  CHECK(caller.reply<Features>("1"));  // from now on it waits, and its time passes
  caller.ask("2", number(2), caller::timeout(1'000'000));
  const auto received = std::chrono::steady_clock::now();
  REQUIRE(support::eventually([&] { return std::chrono::steady_clock::now() > received + 2ms; }));
  goOn.happen();
  DividereError told;
  demo::Number reply;
  for (int i = 0; i < 2; ++i) {
    const auto frames = caller.socket().recv();
    REQUIRE(frames);
    const auto message = dividere::messaging::ProtoBuffDecoder().decode(frames->back());
    if (frames->front() == "1") told = dynamic_cast<const DividereError&>(*message);
    if (frames->front() == "2") reply = dynamic_cast<const demo::Number&>(*message);
  }
  CHECK((told.code() == 8 && reply.value() == 2));
  service.stop();
  CHECK(running.count() == 3);
  const auto stats = service.handlerStats();
  CHECK((stats.expired == 1 && stats.handled == 3 && stats.failed == 0));
}

TEST_CASE("a service tells its features at once to a request that asks, before its reply, and to no other") {
  for (const int threads : {1, 2}) {
    Service service("name", alone(threads));
    service.on(negate);
    service.start(0ms);
    RawCaller caller(service);
    caller.ask("1", number(1), caller::asksFeatures());
    CHECK(caller.reply<Features>("1"));
    CHECK(caller.reply<demo::Number>("1")->value() == -1);
    caller.ask("2", number(2), caller::timeout(1'000'000));
    CHECK(caller.reply<demo::Number>("2")->value() == -2);
  }
}
