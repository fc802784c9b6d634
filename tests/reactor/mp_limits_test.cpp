// Workers that hang where nobody can help them, and children that have no part in the workers: nobody waits for ever.

#include <fstream>
#include <future>

#include "workers.hpp"

using namespace kit;
using dividere::Errc;

namespace {

/// Whether it comes to an end; if not, `letGo` has to make it.
bool ends(const std::function<void()>& action, const std::function<void()>& letGo) {
  auto done = std::async(std::launch::async, action);
  const bool hasEnded = done.wait_for(kLimit) == std::future_status::ready;
  if (!hasEnded) letGo();
  done.wait();
  return hasEnded;
}

void closeAllDescriptors() {
  for (int fd = 3; fd < 4096; ++fd) ::close(fd);
}

/// Whether this thread of the process sleeps, in whatever it waits for.
bool sleeps(int thread) {
  std::ifstream stat("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(stat, line);
  return contains(line, ") S ");
}

}  // namespace

TEST_CASE("a worker that closes its descriptors and lives on keeps stop() no longer than its limit" * forks()) {
  const LogNotes log;
  Shared told;
  MpOptions options;
  options.stopLimit = 50ms;
  const auto closeAndLive = [&] {
    closeAllDescriptors();
    told[0] = ::getpid();
    for (;;) ::pause();
  };
  std::function<void(MtMsgReactor&)> setup;
  SUBCASE("while it works") {
    setup = [&](MtMsgReactor& reactor) { reactor.every(1ms, closeAndLive); };
  }
  SUBCASE("while it is set up") {
    setup = [&](MtMsgReactor&) { closeAndLive(); };
  }
  MpMsgReactor workers(1, setup, options);
  REQUIRE(support::eventually([&] { return told[0] != 0; }));
  CHECK(ends([&] { workers.stop(); }, [&] { ::kill(told[0], SIGKILL); }));
  CHECK_FALSE(hasChildren());
}

TEST_CASE("a worker that closes its descriptors and lives on does not keep others from being replaced" * forks()) {
  const LogNotes log;
  Ends ended;
  Shared told;
  auto options = ended.options();
  options.stopLimit = 50ms;
  MpMsgReactor workers(
      2,
      [&](MtMsgReactor& reactor) {
        reactor.every(1ms, [&] {
          if (told[0]++ != 0) return;
          closeAllDescriptors();
          told[1] = ::getpid();
          for (;;) ::pause();
        });
      },
      options);
  REQUIRE(workers.waitForWorkers(2, kLimit));
  REQUIRE(support::eventually([&] { return told[1] != 0; }));
  const auto pids = workers.pids();
  const int other = pids[pids[0] == told[1] ? 1 : 0];
  ::kill(other, SIGKILL);
  const bool isTold = ended.reach(1);
  CHECK(isTold);
  if (isTold) CHECK(ended.all().front().pid == other);
  CHECK(workers.waitForWorkers(2, kLimit));
  ::kill(told[1], SIGKILL);
}

TEST_CASE("a setup that hangs is ended after its limit, told, and tried again" * forks()) {
  const LogNotes log;
  Ends ended;
  Shared attempts;
  Pipe never;
  auto options = ended.options();
  options.startLimit = 1s;
  options.crashLimit = 1000;
  MpMsgReactor workers(
      1,
      [&](MtMsgReactor&) {
        if (++attempts[0] == 1) never.take();
      },
      options);
  CHECK(workers.waitForWorkers(1, kLimit));
  REQUIRE(ended.reach(1));
  CHECK(ended.all().front().signal == SIGKILL);
  CHECK(ended.all().front().replaced);
  CHECK_FALSE(log.lines("is not set up after 1000 ms").empty());
}

TEST_CASE("a worker whose setup hangs each time is given up" * forks()) {
  const LogNotes log;
  Ends ended;
  Pipe never;
  auto options = ended.options();
  options.startLimit = 50ms;
  options.crashLimit = 1;
  MpMsgReactor workers(
      1, [&](MtMsgReactor&) { never.take(); }, options);
  CHECK_FALSE(workers.waitForWorkers(1, kLimit));
  REQUIRE(ended.reach(2));
  CHECK(ended.count() == 2);
  CHECK_FALSE(ended.all().back().replaced);
}

TEST_CASE("stop() does not wait for a setup that hangs" * forks()) {
  const LogNotes log;
  Pipe begun, never;
  MpOptions options;
  options.stopLimit = 2 * kLimit;
  MpMsgReactor workers(
      1,
      [&](MtMsgReactor&) {
        begun.put();
        never.take();
      },
      options);
  REQUIRE(begun.take());
  CHECK(ends([&] { workers.stop(); }, [] {}));
  CHECK_FALSE(hasChildren());
}

TEST_CASE("a limit on starting that nobody could keep is refused") {
  MpOptions options;
  options.startLimit = 0ms;
  const auto make = [&] {
    MpMsgReactor(
        1, [](MtMsgReactor&) {}, options);
  };
  CHECK(codeOf(make) == std::errc::invalid_argument);
}

TEST_CASE("a forked child may destroy an MpMsgReactor that a thread of its parent waits for, but not use it" *
          forks()) {
  const LogNotes log;
  Pipe release;
  auto workers = std::make_unique<MpMsgReactor>(1, [&](MtMsgReactor&) { release.take(); });
  std::atomic<int> thread{0};
  auto waiting = std::async(std::launch::async, [&] {
    thread = ::gettid();
    return workers->waitForWorkers(1, kLimit);
  });
  REQUIRE(support::eventually([&] { return thread != 0 && sleeps(thread); }));
  const std::string report = support::inFork([&] {
    support::expect(codeOf([&] { workers->alive(); }) == Errc::otherProcess, "alive() is refused");
    support::expect(codeOf([&] { workers->waitForWorkers(1, kLimit); }) == Errc::otherProcess, "waiting is refused");
    workers->stop();
    workers.reset();
  });
  CHECK(report == "");
  release.put();
  CHECK(waiting.get());
}
