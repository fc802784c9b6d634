// Handlers that throw: reported, told to whoever waits, and the reactor goes on.

#include "kit.hpp"

using namespace kit;
using dividere::Errc;
using dividere::Error;
using dividere::messaging::Dealer;
using dividere::messaging::Request;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::Sender;

namespace {

[[noreturn]] void throwSomething(int which) {
  switch (which % 4) {
    case 0: throw std::runtime_error("a runtime_error");
    case 1: throw 42;
    case 2: throw "a text";
    default: throw Error(Errc::gaveUp, "an Error of the library's own");
  }
}

}  // namespace

TEST_CASE(
    "a handler may throw anything: whoever asked is told that it failed and what it threw, and gets the next reply") {
  const LogNotes log;
  Notes<std::error_code> codes;
  Notes<std::string> told;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor);
  reactor.on([](const Msg02& message) -> Msg02 { throwSomething(message.field2()); })
      .on([](const Msg01& message) { return message; })
      .onError([&](const Error& error) {
        codes.add(error.code());
        told.add(error.text());
        CHECK(contains(error.what(), "handler of 'Msg02'"));
      });
  reactor.start();
  Request request(endpoint);
  const std::string texts[] = {"a runtime_error", "something that is no std::exception",
                               "something that is no std::exception",
                               Error(Errc::gaveUp, "an Error of the library's own").what()};
  for (int i = 0; i < 4; ++i) {
    request.send(msg02("", i));
    try {
      request.recv<Msg01>();
      FAIL_CHECK("there is no reply");
    } catch (const Error& error) {
      CHECK(error.code() == Errc::handlerFailed);
      CHECK(error.text() == texts[i]);
      CHECK(contains(error.what(), texts[i]));
    }
    CHECK(ask(request, msg01("fine")) == "fine");
  }
  CHECK(codes.all() == std::vector<std::error_code>(4, Errc::handlerFailed));
  CHECK(told.all() == std::vector<std::string>(std::begin(texts), std::end(texts)));
  CHECK(!log.lines("a runtime_error").empty());
}

TEST_CASE("a handler that throws after it has replied is reported, and its reply stands") {
  const LogNotes log;
  Notes<std::string> errors;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor), dealing = addDealer(reactor);
  reactor
      .on([](const Msg01& message, Sender& sender) {
        sender.send(message);
        throw std::runtime_error("too late");
      })
      .onError([&](const Error& error) { errors.add(error.what()); });
  reactor.start();
  Request request(endpoint);
  CHECK(ask(request, msg01("one")) == "one");
  CHECK(ask(request, msg01("two")) == "two");
  Raw dealer(ZMQ_DEALER);
  dealer.connect(dealing);
  dealer.send({"asker", "", envelopeOf(msg01("three"))});
  dealer.send({"asker", "", envelopeOf(msg01("four"))});
  CHECK(answerIn(dealer.recv().back()) == "three");
  CHECK(answerIn(dealer.recv().back()) == "four");
  CHECK(errors.reach(4));
}

TEST_CASE("a reply that cannot be sent is told as a failure") {
  const LogNotes log;
  dividere::connection::SocketOptions options;
  options.maxMessageBytes = 10'000;
  MtMsgReactor reactor;
  const std::string endpoint = addResponse(reactor, options), dealing = addDealer(reactor, options);
  reactor.on([](const Msg02& message) { return msg01(std::string(static_cast<std::size_t>(message.field2()), 'x')); });
  reactor.start();
  Request request(endpoint);
  const std::string told = ask(request, msg02("", 20'000));
  CHECK(startsWith(told, "error 3: "));
  CHECK(contains(told, "maxMessageBytes"));
  CHECK(ask(request, msg02("", 3)) == "xxx");
  Raw dealer(ZMQ_DEALER);
  dealer.connect(dealing);
  dealer.send({"asker", "", envelopeOf(msg02("", 20'000))});
  CHECK(startsWith(answerIn(dealer.recv().back()), "error 3: "));
}

TEST_CASE(
    "of 100,000 requests one in ten makes the handler throw: replies and errors together are as many, each to whoever "
    "asked") {
  constexpr int kRequests = 100'000, kWindow = 400;
  const LogNotes log;
  std::atomic<int> reported{0};
  int replies = 0, errors = 0, wrong = 0;
  MtMsgReactor reactor;
  // Half of them by a Response, half by a Dealer, many under way at a time.
  const std::string endpoints[] = {addResponse(reactor), addDealer(reactor)};
  reactor
      .on([](const Msg02& message) {
        if (message.field2() % 10 == 0) throwSomething(message.field2() / 10);
        return message;
      })
      .onError([&](const Error&) { ++reported; });
  reactor.start();
  for (int which = 0; which < 2; ++which) {
    dividere::connection::Dealer dealer(endpoints[which]);
    std::vector<char> answered(kRequests / 2, 0);
    int sent = 0;
    for (int received = 0; received < kRequests / 2; ++received) {
      for (; sent < kRequests / 2 && sent - received < kWindow; ++sent) {
        dealer.send({std::to_string(sent), ""}, envelopeOf(msg02("", sent)));
      }
      const auto answer = dealer.recv(kLimit);
      REQUIRE(answer);
      REQUIRE(answer->route.size() == 2);
      const auto number = static_cast<std::size_t>(std::stoi(answer->route.front()));
      const bool isError = contains(answer->body, "DividereError");
      if (answered[number]++ || isError != (number % 10 == 0)) ++wrong;
      ++(isError ? errors : replies);
    }
  }
  reactor.stop();
  CHECK(replies == kRequests / 10 * 9);
  CHECK(errors == kRequests / 10);
  CHECK(reported == errors);
  CHECK(wrong == 0);
  CHECK(reactor.handlerStats().handled == static_cast<std::uint64_t>(replies));
  CHECK(reactor.handlerStats().failed == static_cast<std::uint64_t>(errors));
}

TEST_CASE("a log filled by one who sends junk all day is not: much is told in few lines") {
  const LogNotes log;
  MtMsgReactor reactor;
  const std::string endpoint = addDealer(reactor);
  reactor.on([](const Msg01& message) { return message; });
  reactor.start();
  dividere::connection::Dealer dealer(endpoint);
  for (int i = 0; i < 5000; ++i) dealer.send("junk");
  dealer.send(envelopeOf(msg01("done")));
  REQUIRE(dealer.recv(kLimit));
  reactor.stop();
  CHECK(reactor.handlerStats().malformed == 5000);
  CHECK(log.lines().size() < 500);
}
