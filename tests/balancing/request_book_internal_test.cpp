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
  made.since = at;
  return made;
}

struct Books {
  BrokerTally tally;
  WorkerRoster roster{tally};
  RequestBook book{roster, tally};
  BrokerWorker& worker = roster.add("worker", Dialect::bytes);
  BrokerWorker& another = roster.add("another", Dialect::bytes);

  void add(BrokerRequest&& request) {
    tally.countRead();
    book.add(std::move(request));
  }
  void give(const std::string& token) { book.giveFirst(Dialect::bytes, worker, token, kStart); }
  std::string first() { return book.firstWaiting(Dialect::bytes).payload.str(); }
  bool figuresAre(std::size_t waiting, std::size_t inFlight) const {
    return tally.stats().waiting == waiting && tally.stats().inFlight == inFlight;
  }
};

}  // namespace

TEST_CASE("requests wait in the order they came, and those taken back come first") {
  Books books;
  RequestBook& book = books.book;
  books.worker.capacity = 2;
  for (const char* text : {"a", "b", "c", "d"}) books.add(request(text));
  CHECK(book.waitingCount() == 4);
  CHECK(book.waitingBytes() == 4);
  CHECK(books.figuresAre(4, 0));
  books.give("token of a");
  books.give("token of b");
  CHECK(book.waitingCount() == 2);
  CHECK(book.waitingBytes() == 2);
  CHECK(books.figuresAre(2, 2));
  CHECK(books.first() == "c");
  book.takeBackAll(books.worker, kStart);
  CHECK(books.first() == "a");
  CHECK(book.waitingBytes() == 4);
  CHECK(books.figuresAre(4, 0));
  CHECK(books.tally.stats().redispatched == 2);
  CHECK(!book.finish("token of a", books.worker));
}

TEST_CASE("a request in flight is found by its token, at its worker alone") {
  Books books;
  RequestBook& book = books.book;
  books.add(request("a"));
  books.give("token");
  CHECK(!books.worker.hasRoom());
  CHECK(!book.finish("token", books.another));
  CHECK(!book.finish("another", books.worker));
  const auto finished = book.finish("token", books.worker);
  REQUIRE(finished);
  CHECK(finished->payload.str() == "a");
  CHECK(books.worker.hasRoom());
  CHECK(!book.finish("token", books.worker));
  CHECK(books.figuresAre(0, 1));  // until its outcome is counted
}

TEST_CASE("a retry is found as long as its request is under way") {
  Books books;
  RequestBook& book = books.book;
  books.add(request("a", "id"));
  CHECK(book.findRetried("id"));
  CHECK(!book.findRetried("other"));
  books.give("token");
  CHECK(book.findRetried("id"));
  book.takeBackAll(books.worker, kStart);
  REQUIRE(book.findRetried("id"));
  CHECK(book.findRetried("id")->payload.str() == "a");
  books.give("again");
  REQUIRE(book.finish("again", books.worker));
  CHECK(!book.findRetried("id"));
}

TEST_CASE("a request that ended before its worker was done keeps that one busy, and is no retry's any more") {
  Books books;
  RequestBook& book = books.book;
  books.add(request("a", "id"));
  books.give("token");
  const BrokerRequest answerable = book.takeAnswerable(books.worker.requests.front());
  CHECK(answerable.client() == "client");
  CHECK(answerable.correlation == "id");
  CHECK(!book.findRetried("id"));
  CHECK(!books.worker.hasRoom());
  book.takeBackAll(books.worker, kStart);
  CHECK(books.worker.hasRoom());
  CHECK(book.waitingCount() == 0);
  CHECK(books.tally.stats().redispatched == 0);
}

TEST_CASE("what is overdue is found behind what was taken back only now") {
  Books books;
  RequestBook& book = books.book;
  books.add(request("taken back", "", kStart));
  books.add(request("waiting long", "", kStart + 1s));
  books.add(request("waiting a while", "", kStart + 5s));
  books.give("token");
  book.takeBackAll(books.worker, kStart + 10s);
  auto overdue = book.takeOverdue(kStart + 2s);
  REQUIRE(overdue);
  CHECK(overdue->payload.str() == "waiting long");
  CHECK(!book.takeOverdue(kStart + 2s));
  overdue = book.takeOverdue(kStart + 20s);
  REQUIRE(overdue);
  CHECK(overdue->payload.str() == "taken back");
  CHECK(book.waitingCount() == 1);
  CHECK(book.waitingBytes() == 15);
  CHECK(books.figuresAre(1, 2));
}

TEST_CASE("all requests without an outcome can be taken at once") {
  Books books;
  RequestBook& book = books.book;
  books.worker.capacity = 2;
  for (const char* text : {"answered", "given", "waiting"}) books.add(request(text, text));
  books.give("token of answered");
  books.give("token of given");
  book.takeAnswerable(books.worker.requests.front());
  const auto all = book.takeAll();
  REQUIRE(all.size() == 2);
  CHECK(all.front().payload.str() == "given");
  CHECK(all.back().payload.str() == "waiting");
  CHECK(!book.finish("token of given", books.worker));
  CHECK(!book.findRetried("waiting"));
  CHECK(book.waitingBytes() == 0);
  CHECK(books.worker.hasRoom());
}

TEST_CASE("with so many bytes at workers only one that is idle is given a request") {
  BrokerTally tally;
  WorkerRoster roster{tally};
  RequestBook book{roster, tally, 5};
  BrokerWorker& greedy = roster.add("greedy", Dialect::bytes);
  greedy.capacity = 1000;
  const auto give = [&](const std::string& payload, const std::string& token) {
    tally.countRead();
    book.add(request(payload));
    BrokerWorker* const worker = book.workerFor(book.firstWaiting(Dialect::bytes));
    if (worker) book.giveFirst(Dialect::bytes, *worker, token, kStart);
    return worker;
  };
  CHECK(give("abc", "1") == &greedy);
  CHECK(give("de", "2") == &greedy);
  CHECK(!give("f", "3"));
  BrokerWorker& idle = roster.add("idle", Dialect::bytes);
  BrokerWorker& idleToo = roster.add("idle too", Dialect::bytes);
  CHECK(give("g", "3") == &idle);     // which is given "f"
  CHECK(give("h", "4") == &idleToo);  // and this one "g"

  CHECK(!book.workerFor(request("h")));
  SUBCASE("a reply makes room") { REQUIRE(book.finish("4", idleToo)); }
  SUBCASE("so does a worker's death") {
    book.takeBackAll(idleToo, kStart);
    roster.remove(idleToo);
  }
  REQUIRE(book.finish("1", greedy));
  CHECK(book.workerFor(request("hi")) == &greedy);
  book.takeAll();
  CHECK(book.workerFor(request("12345")));
}

TEST_CASE("higher priorities are given out first, those of one in order, and each eighth goes to a lower one") {
  Books books;
  books.worker.capacity = 1000;
  const auto add = [&](const std::string& payload, std::uint32_t priority) {
    BrokerRequest made = request(payload);
    made.priority = priority;
    books.add(std::move(made));
  };
  add("low 1", 0);
  add("middle 1", 3);
  for (int i = 1; i <= 30; ++i) add("high " + std::to_string(i), 7);
  add("low 2", 0);
  std::vector<std::string> order;
  for (int i = 0; i < 33; ++i) {
    order.push_back(books.first());
    books.give(std::to_string(i));
  }
  CHECK(order[0] == "high 1");
  CHECK(order[7] == "high 8");
  CHECK(order[15] == "middle 1");
  CHECK(order[16] == "high 16");
  CHECK(order[23] == "low 1");
  CHECK(order[24] == "high 23");
  CHECK(order[32] == "low 2");
  CHECK(!books.book.hasWaiting(Dialect::bytes));
  CHECK(books.figuresAre(0, 33));
  books.book.takeBackAll(books.worker, kStart);
  CHECK(books.first() == "high 1");
  CHECK(books.book.takeFirst(Dialect::bytes).payload.str() == "high 1");
  CHECK(books.book.takeAll().size() == 32);
}
