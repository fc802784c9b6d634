#include "dividere/balancing/detail/worker_roster.hpp"

#include <doctest/doctest.h>

using namespace dividere::detail;

TEST_CASE("workers with room take turns") {
  WorkerRoster roster;
  CHECK(roster.next(Dialect::bytes) == nullptr);
  BrokerWorker& a = roster.add("a", Dialect::bytes);
  BrokerWorker& b = roster.add("b", Dialect::bytes);
  CHECK(roster.next(Dialect::bytes) == &a);
  CHECK(roster.next(Dialect::typed) == nullptr);
  roster.addToken(a, "1");
  CHECK(roster.next(Dialect::bytes) == &b);
  roster.addToken(b, "2");
  CHECK(roster.next(Dialect::bytes) == nullptr);
  roster.removeToken(b, "2");
  roster.removeToken(a, "1");
  CHECK(roster.next(Dialect::bytes) == &b);
}

TEST_CASE("a worker with a capacity stays in the queue until that is used up, behind the others each time") {
  WorkerRoster roster;
  BrokerWorker& a = roster.add("a", Dialect::typed);
  BrokerWorker& b = roster.add("b", Dialect::typed);
  a.capacity = 2;
  roster.relist(a);
  roster.addToken(a, "1");
  CHECK(roster.next(Dialect::typed) == &b);
  roster.addToken(b, "2");
  CHECK(roster.next(Dialect::typed) == &a);
  roster.addToken(a, "3");
  CHECK(roster.next(Dialect::typed) == nullptr);
}

TEST_CASE("a worker that is removed is in no queue any more") {
  WorkerRoster roster;
  BrokerWorker& a = roster.add("a", Dialect::typed);
  roster.add("b", Dialect::bytes);
  CHECK(roster.count() == 2);
  CHECK(roster.count(Dialect::typed) == 1);
  roster.remove(a);
  CHECK(roster.count() == 1);
  CHECK(roster.count(Dialect::typed) == 0);
  CHECK(roster.next(Dialect::typed) == nullptr);
  CHECK(roster.find("a") == nullptr);
  CHECK(roster.find("b"));
}
