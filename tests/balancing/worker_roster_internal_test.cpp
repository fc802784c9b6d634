#include "dividere/balancing/detail/worker_roster.hpp"

#include <doctest/doctest.h>

using namespace dividere::detail;

namespace {

struct Workers {
  BrokerTally tally;
  WorkerRoster roster{tally};

  /// As RequestBook does.
  void give(BrokerWorker& worker) {
    worker.requests.emplace_back();
    roster.moveBack(worker);
  }
  void finish(BrokerWorker& worker) {
    worker.requests.pop_front();
    roster.relist(worker);
  }
};

}  // namespace

TEST_CASE("workers with room take turns") {
  Workers workers;
  WorkerRoster& roster = workers.roster;
  CHECK(roster.next(Dialect::bytes) == nullptr);
  BrokerWorker& a = roster.add("a", Dialect::bytes);
  BrokerWorker& b = roster.add("b", Dialect::bytes);
  CHECK(roster.next(Dialect::bytes) == &a);
  CHECK(roster.next(Dialect::typed) == nullptr);
  workers.give(a);
  CHECK(roster.next(Dialect::bytes) == &b);
  workers.give(b);
  CHECK(roster.next(Dialect::bytes) == nullptr);
  workers.finish(b);
  workers.finish(a);
  CHECK(roster.next(Dialect::bytes) == &b);
}

TEST_CASE("a worker with a capacity stays in the queue until that is used up, behind the others each time") {
  Workers workers;
  WorkerRoster& roster = workers.roster;
  BrokerWorker& a = roster.add("a", Dialect::typed);
  BrokerWorker& b = roster.add("b", Dialect::typed);
  a.capacity = 2;
  roster.relist(a);
  workers.give(a);
  CHECK(roster.next(Dialect::typed) == &b);
  workers.give(b);
  CHECK(roster.next(Dialect::typed) == &a);
  workers.give(a);
  CHECK(roster.next(Dialect::typed) == nullptr);
}

TEST_CASE("a worker that is removed is in no queue any more") {
  Workers workers;
  WorkerRoster& roster = workers.roster;
  BrokerWorker& a = roster.add("a", Dialect::typed);
  roster.add("b", Dialect::bytes);
  CHECK(roster.count() == 2);
  CHECK(workers.tally.stats().workers == 2);
  CHECK(roster.count(Dialect::typed) == 1);
  roster.remove(a);
  CHECK(roster.count() == 1);
  CHECK(workers.tally.stats().workers == 1);
  CHECK(roster.count(Dialect::typed) == 0);
  CHECK(roster.next(Dialect::typed) == nullptr);
  CHECK(roster.find("a") == nullptr);
  CHECK(roster.find("b"));
}

TEST_CASE("envelopes are for byte workers only where there is no typed one, plain bytes never for typed ones") {
  Workers workers;
  WorkerRoster& roster = workers.roster;
  CHECK(!roster.anyFor(Dialect::typed));
  BrokerWorker& bytes = roster.add("bytes", Dialect::bytes);
  CHECK(roster.nextFor(Dialect::typed) == &bytes);
  BrokerWorker& typed = roster.add("typed", Dialect::typed);
  CHECK(roster.nextFor(Dialect::typed) == &typed);
  workers.give(typed);
  CHECK(roster.nextFor(Dialect::typed) == nullptr);
  CHECK(roster.anyFor(Dialect::typed));
  roster.remove(bytes);
  workers.finish(typed);
  CHECK(roster.nextFor(Dialect::bytes) == nullptr);
  CHECK(!roster.anyFor(Dialect::bytes));
}
