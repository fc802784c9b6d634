// Worker processes: each sets itself up, they share the work, and end with their parent.

#include "workers.hpp"

using namespace kit;
using dividere::Errc;
using dividere::Error;
using dividere::connection::Proxy;
using dividere::messaging::Dealer;
using dividere::messaging::Publisher;
using dividere::messaging::Request;
using dividere::messaging::Response;
using dividere::messaging::Subscriber;
using dividere::reactor::Sender;

namespace {

/// A Proxy whose back end workers connect to, and one who asks at its front.
struct Office {
  Proxy proxy{0, 0};
  Request request{at(proxy.frontPort())};
  std::string back = at(proxy.backPort());

  template <class Message>
  Msg02 ask(const Message& message) {
    request.send(message);
    const auto reply = request.recv<Msg02>(kLimit);
    REQUIRE(reply);
    return *reply;
  }

  /// Asks until this many different workers have replied; who they were.
  std::set<int> askAll(std::size_t workers) {
    std::set<int> pids;
    support::eventually([&] {
      pids.insert(ask(msg01("who?")).field2());
      return pids.size() >= workers;
    });
    return pids;
  }
};

std::function<void(MtMsgReactor&)> answering(const std::string& back) {
  return [back](MtMsgReactor& reactor) {
    reactor.add(Response(back)).on([](const Msg01& message) { return ownPid(message.field1()); });
  };
}

std::set<int> asSet(const std::vector<int>& pids) { return std::set<int>(pids.begin(), pids.end()); }

}  // namespace

TEST_CASE("requests are replied to by several worker processes, none of which is this one" * forks()) {
  const LogNotes log;
  Office office;
  MpMsgReactor workers(3, answering(office.back));
  REQUIRE(workers.waitForWorkers(3, kLimit));
  CHECK(workers.alive() == 3);
  const auto pids = office.askAll(3);
  CHECK(pids == asSet(workers.pids()));
  CHECK(pids.count(::getpid()) == 0);
  CHECK(office.ask(msg01("text")).field1() == "text");
}

TEST_CASE("workers may be Dealers too, and reply along the route" * forks()) {
  const LogNotes log;
  Office office;
  MpMsgReactor workers(2, [&](MtMsgReactor& reactor) {
    reactor.add(Dealer(office.back)).on([](const Msg01&, Sender& sender) {
      sender.send(ownPid(std::to_string(sender.route().size())));
    });
  });
  REQUIRE(workers.waitForWorkers(2, kLimit));
  CHECK(office.askAll(2) == asSet(workers.pids()));
  CHECK(office.ask(msg01("")).field1() != "0");
}

TEST_CASE("setup runs in each child, which keeps state of its own" * forks()) {
  const LogNotes log;
  Office office;
  int inParent = 0;
  MpMsgReactor workers(2, [&](MtMsgReactor& reactor) {
    ++inParent;
    reactor.add(Response(office.back)).on([&, asked = 0](const Msg01&) mutable {
      return msg02(std::to_string(::getpid()) + "/" + std::to_string(inParent), ++asked);
    });
  });
  REQUIRE(workers.waitForWorkers(2, kLimit));
  std::map<std::string, int> last;
  for (int i = 0; i < 20; ++i) {
    const Msg02 reply = office.ask(msg01(""));
    CHECK(reply.field2() == ++last[reply.field1()]);
  }
  for (const auto& [worker, count] : last) CHECK(contains(worker, "/1"));
  CHECK(inParent == 0);
}

TEST_CASE("a worker's reactor has timers, posted functions, hooks and any mix of sockets, as in a thread" * forks()) {
  const LogNotes log;
  Publisher publisher("tcp://127.0.0.1:*");
  Office office;
  Shared counts;
  MpMsgReactor workers(2, [&, published = publisher.endpoint()](MtMsgReactor& reactor) {
    reactor.add(Response(office.back))
        .add(Subscriber(published))
        .on([](const Msg01& message) { return ownPid(message.field1()); })
        .on([&](const Empty01&) { ++counts[0]; })
        .on([](const M&) { throw std::runtime_error("told across processes"); })
        .onUnknown([&](const std::string&) { ++counts[1]; })
        .onError([&](const Error&) { ++counts[2]; })
        .every(1ms, [&] { ++counts[3]; });
    reactor.post([&] { ++counts[4]; });
  });
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  publisher.send(Empty01());
  CHECK(support::eventually([&] { return counts[0] == 2 && counts[3] > 10 && counts[4] == 2; }));
  CHECK(contains(ask(office.request, M()), "told across processes"));
  CHECK(counts[2] == 1);
  CHECK(startsWith(ask(office.request, msg02("", 1)), "error 5: "));
  CHECK(counts[1] == 1);
}

TEST_CASE("what the parent made is of no use in a worker, and says so; what is made in the worker is" * forks()) {
  const LogNotes log;
  Office office;
  Dealer parents("tcp://127.0.0.1:*");
  MpMsgReactor workers(1, [&](MtMsgReactor& reactor) {
    auto own = std::make_shared<Dealer>("tcp://127.0.0.1:*");
    reactor.add(Response(office.back)).on([&, own](const Msg01&) {
      const bool refused = codeOf([&] { parents.send(msg01("")); }) == Errc::otherProcess &&
                           codeOf([&] { parents.port(); }) == Errc::otherProcess;
      Dealer peer(own->endpoint());
      peer.send(msg01("made here"));
      return msg02(refused && own->recv(kLimit) ? "refused" : "not refused", 0);
    });
  });
  CHECK(office.ask(msg01("")).field1() == "refused");
  Dealer(parents.endpoint()).send(msg01("still the parent's"));
  CHECK(parents.recv(kLimit));
}

TEST_CASE("fewer than one process is an invalid argument") {
  for (const int processes : {0, -1}) {
    CHECK(codeOf([&] { MpMsgReactor(processes, [](MtMsgReactor&) {}); }) == std::errc::invalid_argument);
  }
}

TEST_CASE("alive() counts those that are set up, and waitForWorkers() gives up after its time-out" * forks()) {
  Pipe go;
  MpMsgReactor workers(2, [&](MtMsgReactor&) { go.take(); });
  CHECK(workers.alive() == 0);
  CHECK(workers.pids().empty());
  CHECK(workers.waitForWorkers(0, 0ms));
  CHECK_FALSE(workers.waitForWorkers(1, 10ms));
  go.put();
  CHECK(workers.waitForWorkers(1, kLimit));
  CHECK_FALSE(workers.waitForWorkers(2, 10ms));
  CHECK(workers.alive() == 1);
  go.put();
  CHECK(workers.waitForWorkers(2, kLimit));
  CHECK(workers.pids().size() == 2);
  CHECK_FALSE(workers.waitForWorkers(3, kLimit));  // which there will never be: at once
  workers.stop();
  CHECK(workers.alive() == 0);
  CHECK_FALSE(workers.waitForWorkers(1, kLimit));
}

// --- stop() ---

TEST_CASE("stop() ends every worker, and leaves no zombie; twice, and from several threads" * forks()) {
  const LogNotes log;
  Ends ends;
  MpMsgReactor workers(
      4, [](MtMsgReactor& reactor) { reactor.every(1ms, [] {}); }, ends.options());
  REQUIRE(workers.waitForWorkers(4, kLimit));
  const auto pids = workers.pids();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      workers.stop();
      for (const int pid : pids) CHECK(::kill(pid, 0) != 0);
    });
  }
  for (auto& thread : threads) thread.join();
  workers.stop();
  CHECK_FALSE(hasChildren());
  CHECK(ends.count() == 0);  // those who are told to end are not reported
  CHECK(log.lines("killed").empty());
}

TEST_CASE("a worker may be stopped before it is set up, and at any time while it starts" * forks()) {
  const LogNotes log;
  for (int round = 0; round < 30; ++round) {
    MpOptions options;
    options.stopLimit = round % 3 == 0 ? 0ms : kLimit;
    MpMsgReactor workers(
        2, [&](MtMsgReactor& reactor) { addResponse(reactor); }, options);
    if (round % 2) workers.waitForWorkers(1, 1ms);
  }
  CHECK_FALSE(hasChildren());
}

TEST_CASE("the message at hand is finished, and replied to, before a worker ends" * forks()) {
  const LogNotes log;
  Office office;
  Pipe handling, release;
  Ends ends;
  MpMsgReactor workers(
      1,
      [&](MtMsgReactor& reactor) {
        reactor.add(Response(office.back)).on([&](const Msg01& message) {
          handling.put();
          release.take();
          return ownPid(message.field1());
        });
      },
      ends.options());
  office.request.send(msg01("the last"));
  REQUIRE(handling.take());
  std::thread stopping([&] { workers.stop(); });
  release.put();
  const auto reply = office.request.recv<Msg02>(kLimit);
  CHECK((reply && reply->field1() == "the last"));
  stopping.join();
  CHECK(log.lines("killed").empty());
}

TEST_CASE("a worker that does not end is killed after the limit" * forks()) {
  const LogNotes log;
  Office office;
  Pipe stuck, never;
  MpOptions options;
  options.stopLimit = 50ms;
  MpMsgReactor workers(
      2,
      [&](MtMsgReactor& reactor) {
        reactor.add(Response(office.back)).on([&](const Msg01&) {
          stuck.put();
          never.take();
        });
      },
      options);
  office.request.send(msg01(""));
  REQUIRE(stuck.take());
  workers.stop();
  CHECK_FALSE(hasChildren());
  CHECK_FALSE(log.lines("does not stop").empty());
}

TEST_CASE("a worker that is stopped by a signal is killed too" * forks()) {
  const LogNotes log;
  MpOptions options;
  options.stopLimit = 50ms;
  MpMsgReactor workers(
      1, [](MtMsgReactor&) {}, options);
  REQUIRE(workers.waitForWorkers(1, kLimit));
  ::kill(workers.pids().front(), SIGSTOP);
  workers.stop();
  CHECK_FALSE(hasChildren());
}

TEST_CASE("onWorkerEnd may stop them all, and ask about them" * forks()) {
  const LogNotes log;
  Event stopped;
  std::size_t left = 99;
  std::unique_ptr<MpMsgReactor> workers;
  MpOptions options;
  options.stopLimit = kLimit;
  options.onWorkerEnd = [&](const WorkerEnd&) {
    left = workers->alive();
    workers->stop();
    workers->stop();
    stopped.happen();
  };
  workers = std::make_unique<MpMsgReactor>(
      3, [](MtMsgReactor&) {}, options);
  REQUIRE(workers->waitForWorkers(3, kLimit));
  ::kill(workers->pids().front(), SIGKILL);
  REQUIRE(stopped.wait());
  workers.reset();
  CHECK(left == 2);
  CHECK_FALSE(hasChildren());
}

// --- Several at a time ---

TEST_CASE("each of several MpMsgReactors ends its own workers alone, and at once" * forks()) {
  const LogNotes log;
  for (int round = 0; round < 10; ++round) {
    MpOptions options;
    options.stopLimit = options.startLimit = kLimit;
    Office office, another;  // a proxy gives a request also to who has just gone
    MpMsgReactor first(2, answering(another.back), options);
    MpMsgReactor second(2, answering(office.back), options);
    MpMsgReactor third(
        2, [](MtMsgReactor&) {}, options);
    REQUIRE(first.waitForWorkers(2, kLimit));
    REQUIRE(second.waitForWorkers(2, kLimit));
    REQUIRE(third.waitForWorkers(2, kLimit));
    third.stop();
    first.stop();
    CHECK(second.alive() == 2);
    CHECK(office.askAll(2) == asSet(second.pids()));
  }
  CHECK(log.lines("killed").empty());  // none had to be
}

TEST_CASE("a child that the program forks for itself keeps no worker from ending" * forks()) {
  const LogNotes log;
  Pipe release;
  Ends ends;
  MpMsgReactor workers(
      1, [](MtMsgReactor&) {}, ends.options());
  REQUIRE(workers.waitForWorkers(1, kLimit));
  {
    support::Fork child([&] { release.take(); });
    ::kill(workers.pids().front(), SIGKILL);
    CHECK(ends.reach(1));
    REQUIRE(workers.waitForWorkers(1, kLimit));
    support::Fork another([&] { release.take(); });
    workers.stop();
    release.put();
    release.put();
  }
  CHECK(log.lines("does not stop").empty());
}
