#include <doctest/doctest.h>
#include <dividere.hpp>

#include <set>
#include <string>
#include <vector>

#include "support/thrown.hpp"

using namespace dividere;
using namespace support;

namespace {

const std::vector<Errc> kAll = {Errc::noWorker,    Errc::overloaded,   Errc::handlerFailed, Errc::gaveUp,
                                Errc::unknownType, Errc::malformed,    Errc::tooLarge,      Errc::deadlinePassed,
                                Errc::stopping,    Errc::outOfTurn,    Errc::wrongType,     Errc::badEndpoint,
                                Errc::movedFrom,   Errc::otherProcess, Errc::noFreePort,    Errc::noRegistry,
                                Errc::incomplete,  Errc::unauthorized, Errc::cancelled};

}  // namespace

TEST_CASE("an error says who, what, where and why") {
  const Error error(std::make_error_code(std::errc::address_in_use), "connection::Publisher: bind tcp://*:5555");
  CHECK(std::string(error.what()) == "connection::Publisher: bind tcp://*:5555: Address already in use");

  const connection::Publisher first("tcp://127.0.0.1:*");
  const std::string what = whatOf([&] { connection::Publisher second(first.endpoint()); });
  CHECK(what == "connection::Publisher: bind " + first.endpoint() + ": Address already in use");
}

TEST_CASE("an error is a std::system_error and gives back its context without the reason") {
  const auto fail = [] { throw Error(Errc::outOfTurn, "connection::Request: send while a reply is owed"); };
  CHECK_THROWS_AS(fail(), std::system_error);
  CHECK(std::string(errorOf(fail)->what()) == "connection::Request: send while a reply is owed: out of turn");
  CHECK(errorOf(fail)->context() == "connection::Request: send while a reply is owed");
}

TEST_CASE("an error's bare text is what a handler threw, and its context where nobody threw anything") {
  const Error failed(Errc::handlerFailed, "service::Service: handler of 'Msg01': no such thing", "no such thing");
  CHECK(failed.text() == "no such thing");
  CHECK(std::string(failed.what()) == "service::Service: handler of 'Msg01': no such thing: handler failed");
  CHECK(Error(failed).text() == "no such thing");
  CHECK(Error(Errc::stopping, "service::Client").text() == "service::Client");
  static_assert(std::is_nothrow_copy_constructible_v<Error>);
}

TEST_CASE("an error that is no application's has failure code 0, and a copy keeps the code") {
  CHECK(Error(Errc::handlerFailed, "context").failure() == 0);
  CHECK(Error(Errc::handlerFailed, "context", "text").failure() == 0);
  const Error failed(Errc::handlerFailed, "context: no", "no", -7);
  CHECK((Error(failed).failure() == -7 && failed.text() == "no"));
}

TEST_CASE("a Failure is an exception with a code and a text of the application's") {
  const Failure failure(42, "count must not be 0");
  CHECK((failure.code() == 42 && failure.text() == "count must not be 0"));
  CHECK(std::string(failure.what()) == failure.text());
  static_assert(std::is_nothrow_copy_constructible_v<Failure> && std::is_base_of_v<std::exception, Failure>);
}

TEST_CASE("an error's code compares with Errc and with std::errc") {
  const Error ours(Errc::malformed, "");
  CHECK(ours.code() == Errc::malformed);
  CHECK(ours.code() != Errc::tooLarge);
  CHECK(ours.code() != std::errc::invalid_argument);

  const Error systems({EADDRINUSE, std::generic_category()}, "");
  CHECK(systems.code() == std::errc::address_in_use);
  CHECK(systems.code() != Errc::noWorker);
}

TEST_CASE("every Errc has a message of its own, in the category named dividere") {
  std::set<std::string> messages;
  for (const Errc code : kAll) {
    const std::error_code made = code;
    CHECK(&made.category() == &errorCategory());
    CHECK_FALSE(contains(made.message(), "dividere error"));
    messages.insert(made.message());
  }
  CHECK(messages.size() == kAll.size());
  CHECK(std::string(errorCategory().name()) == "dividere");
  CHECK(errorCategory().message(1000) == "dividere error 1000");
}

TEST_CASE("the codes that travel between processes keep their numbers") {
  const std::vector<Errc> travelling = {
      Errc::noWorker, Errc::overloaded,     Errc::handlerFailed, Errc::gaveUp,       Errc::unknownType, Errc::malformed,
      Errc::tooLarge, Errc::deadlinePassed, Errc::stopping,      Errc::unauthorized, Errc::cancelled};
  for (std::size_t i = 0; i < travelling.size(); ++i) CHECK(static_cast<std::size_t>(travelling[i]) == i + 1);
}

TEST_CASE("no error has a text of any length, whatever is told to be wrong") {
  const Error error(Errc::malformed, "who: " + std::string(10 << 20, 'x'));
  CHECK(std::string(error.what()).size() < 5000);
  CHECK(error.context().substr(0, 8) == "who: xxx");
  CHECK(error.context().substr(error.context().size() - 3) == "...");
}
