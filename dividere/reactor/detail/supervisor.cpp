#include "supervisor.hpp"

#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "../../core/detail/log_line.hpp"
#include "worker_main.hpp"

namespace dividere::detail {

using reactor::MpOptions;
using reactor::MtMsgReactor;
using reactor::WorkerEnd;

constexpr const char* kSupervisor = "reactor::MpMsgReactor";
// How long a process may take to end once it is killed. One that waits for a broken disk takes for ever.
constexpr std::chrono::milliseconds kKillLimit{2000};

Supervisor::Supervisor(int processes, std::function<void(MtMsgReactor&)> setup, const MpOptions& options)
    : setup_(std::move(setup)),
      options_(options),
      slots_(static_cast<std::size_t>(processes)),
      mostToCome_(slots_.size()) {
  running_.reserve(slots_.size());  // a forked child, which may come at any time, finds it whole
  pthread_sigmask(SIG_SETMASK, nullptr, &creatorsMask_);
  thread_.start("dividere-super", [this] { run(); });
}

// --- Any thread ---

std::vector<int> Supervisor::pids() const {
  fork_.require(kSupervisor);
  std::lock_guard<std::mutex> lock(mutex_);
  return running_;
}

bool Supervisor::waitForWorkers(std::size_t n, const Deadline& deadline) const {
  fork_.require(kSupervisor);
  bool areThere = false;
  changed_.wait(
      [&] {
        std::lock_guard<std::mutex> lock(mutex_);
        areThere = running_.size() >= n;
        return areThere || mostToCome_ < n;
      },
      deadline);
  return areThere;
}

// --- The supervising thread ---

void Supervisor::run() {
  while (!thread_.stopRequested()) {
    startDue();
    wait();
    for (WorkerSlot& slot : slots_) look(slot);
  }
  endAll();
}

void Supervisor::publish(bool isOver) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    running_.clear();
    mostToCome_ = 0;
    for (const WorkerSlot& slot : slots_) {
      if (slot.isRunning()) running_.push_back(slot.process.pid());
      if (!slot.isGivenUp() && !isOver) ++mostToCome_;
    }
  }
  changed_.ring();
}

void Supervisor::startDue() {
  for (WorkerSlot& slot : slots_) {
    if (slot.isToBeStarted()) start(slot);
  }
}

void Supervisor::start(WorkerSlot& slot) {
  try {
    slot.process = WorkerProcess([this](const WorkerProcess::ChildsEnd& end) {
      for (WorkerSlot& sibling : slots_) sibling.process.letGo();  // they must see our parent's ends close
      WorkerMain::run(end, setup_, creatorsMask_);
    });
    slot.started(options_.startLimit);
  } catch (const std::exception& error) {
    log(LogLevel::error, kSupervisor, std::string(error.what()) + "; trying again");
    slot.failedToStart();
  }
}

void Supervisor::wait() {
  std::vector<pollfd> waits{{thread_.waker().fd(), POLLIN, 0}};
  Deadline deadline = Deadline::never();
  for (const WorkerSlot& slot : slots_) {
    slot.process.addTo(waits);
    deadline = earlier(deadline, slot.nextDue());
  }
  ::poll(waits.data(), waits.size(), deadline.pollTimeout());
}

void Supervisor::look(WorkerSlot& slot) {
  if (!slot.process.isThere()) return;
  const int pid = slot.process.pid();
  const bool hasEnded = slot.process.reapIfEnded();
  const bool isReady = slot.process.readReady();  // it may have said so before it ended
  if (isReady) slot.becameReady();
  if (hasEnded) return bury(slot, pid);
  if (isReady) publish();
  if (slot.isOverdue()) killOverdue(slot);
}

void Supervisor::killOverdue(WorkerSlot& slot) const {
  log(LogLevel::warning, kSupervisor,
      "worker " + std::to_string(slot.process.pid()) + " is not set up after " +
          std::to_string(options_.startLimit.count()) + " ms, and is killed");
  slot.process.kill();
}

void Supervisor::bury(WorkerSlot& slot, int pid) {
  WorkerEnd end{static_cast<std::size_t>(&slot - slots_.data()), pid, slot.process.signal(), slot.process.status(),
                true};
  slot.process.letGo();
  end.replaced = slot.ended(options_.crashLimit);
  publish();
  report(end, slot.pause());  // before anyone who waits is told that waiting is in vain
  if (end.replaced) return slot.startAgain();
  slot.giveUp();
  publish();
}

static std::string howItEnded(const WorkerEnd& end) {
  const std::string who = "worker " + std::to_string(end.worker) + " (pid " + std::to_string(end.pid) + ") ";
  if (end.signal == 0) return who + "ended with status " + std::to_string(end.status);
  return who + "was killed by signal " + std::to_string(end.signal) + " (" + ::strsignal(end.signal) + ")";
}

static std::string whatFollows(const WorkerEnd& end, std::chrono::milliseconds pause) {
  if (!end.replaced) return "; it keeps failing and is given up";
  if (pause.count() == 0) return "; starting another";
  return "; starting another in " + std::to_string(pause.count()) + " ms";
}

void Supervisor::report(const WorkerEnd& end, std::chrono::milliseconds pause) const {
  log(end.replaced ? LogLevel::warning : LogLevel::error, kSupervisor, howItEnded(end) + whatFollows(end, pause));
  if (!options_.onWorkerEnd) return;
  try {
    options_.onWorkerEnd(end);
  } catch (const std::exception& error) {
    log(LogLevel::error, kSupervisor, std::string("onWorkerEnd threw: ") + error.what());
  } catch (...) {
    log(LogLevel::error, kSupervisor, "onWorkerEnd threw something that is no std::exception");
  }
}

// One that is not set up has no message at hand that it could finish, and may never get so far.
void Supervisor::endAll() {
  for (WorkerSlot& slot : slots_) {
    if (slot.process.readReady()) slot.becameReady();
    slot.isRunning() ? slot.process.tellToStop() : slot.process.kill();
  }
  const Deadline limit = Deadline::in(options_.stopLimit);
  for (WorkerSlot& slot : slots_) awaitEnd(slot, limit);
  for (WorkerSlot& slot : slots_) slot.giveUp();
  publish(true);
}

void Supervisor::awaitEnd(WorkerSlot& slot, const Deadline& limit) const {
  if (slot.process.awaitEnd(limit)) return;
  const std::string who = "worker " + std::to_string(slot.process.pid());
  log(LogLevel::warning, kSupervisor, who + " does not stop, and is killed");
  slot.process.kill();
  if (slot.process.awaitEnd(Deadline::in(kKillLimit))) return;
  log(LogLevel::error, kSupervisor, who + " was killed and has not ended; it is left behind");
}

}  // namespace dividere::detail
