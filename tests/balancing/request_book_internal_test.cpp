#include "dividere/balancing/detail/request_book.hpp"

#include <doctest/doctest.h>

using namespace dividere::detail;
using namespace std::chrono_literals;

namespace {

using Clock = Deadline::Clock;
const Clock::time_point kStart = Clock::now();

BrokerRequest request(const std::string& payload, const std::string& correlation = "", Clock::time_point at = kStart) {
  BrokerRequest made;
  made.route.emplace_back(std::string_view("client"));
  made.payload = Frame(std::string_view(payload));
  made.size = payload.size();
  made.correlation = correlation;
  made.waiting = at;
  return made;
}

std::string first(RequestBook& book) { return book.firstWaiting(Dialect::bytes)->payload.str(); }

}  // namespace

TEST_CASE("requests wait in the order they came, and those taken back come first") {
  RequestBook book;
  for (const char* text : {"a", "b", "c"}) book.add(request(text));
  CHECK(book.waitingCount() == 3);
  CHECK(book.waitingBytes() == 3);
  book.give(book.firstWaiting(Dialect::bytes), "worker", "token", kStart);
  CHECK(book.waitingCount() == 2);
  CHECK(book.waitingBytes() == 2);
  CHECK(first(book) == "b");
  RequestBook::Entry given;
  REQUIRE(book.findGiven("token", "worker", given));
  book.takeBack(given, kStart);
  CHECK(first(book) == "a");
  CHECK(book.waitingBytes() == 3);
  CHECK(!book.findGiven("token", "worker", given));
}

TEST_CASE("a request in flight is found by its token, at its worker alone") {
  RequestBook book;
  book.add(request("a"));
  book.give(book.firstWaiting(Dialect::bytes), "worker", "token", kStart);
  RequestBook::Entry given;
  CHECK(!book.findGiven("token", "another", given));
  CHECK(!book.findGiven("another", "worker", given));
  REQUIRE(book.findGiven("token", "worker", given));
  CHECK(book.remove(given).payload.str() == "a");
  CHECK(!book.findGiven("token", "worker", given));
}

TEST_CASE("a retry is found as long as its request is under way") {
  RequestBook book;
  book.add(request("a", "id"));
  CHECK(book.findRetried("id"));
  CHECK(!book.findRetried("other"));
  book.give(book.firstWaiting(Dialect::bytes), "worker", "token", kStart);
  CHECK(book.findRetried("id"));
  RequestBook::Entry given;
  REQUIRE(book.findGiven("token", "worker", given));
  book.takeBack(given, kStart);
  REQUIRE(book.findRetried("id"));
  CHECK(book.findRetried("id")->payload.str() == "a");
  book.give(book.firstWaiting(Dialect::bytes), "worker", "again", kStart);
  REQUIRE(book.findGiven("again", "worker", given));
  book.remove(given);
  CHECK(!book.findRetried("id"));
}

TEST_CASE("what is overdue is found behind what was taken back only now") {
  RequestBook book;
  book.add(request("taken back", "", kStart));
  book.add(request("waiting long", "", kStart + 1s));
  book.add(request("waiting a while", "", kStart + 5s));
  book.give(book.firstWaiting(Dialect::bytes), "worker", "token", kStart);
  RequestBook::Entry given;
  REQUIRE(book.findGiven("token", "worker", given));
  book.takeBack(given, kStart + 10s);
  BrokerRequest overdue;
  REQUIRE(book.takeOverdue(kStart + 2s, overdue));
  CHECK(overdue.payload.str() == "waiting long");
  CHECK(!book.takeOverdue(kStart + 2s, overdue));
  REQUIRE(book.takeOverdue(kStart + 20s, overdue));
  CHECK(overdue.payload.str() == "taken back");
  CHECK(book.waitingCount() == 1);
  CHECK(book.waitingBytes() == 15);
}
