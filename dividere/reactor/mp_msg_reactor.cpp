#include "mp_msg_reactor.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "../connection/detail/process.hpp"
#include "../core/detail/log_line.hpp"
#include "../core/detail/options.hpp"
#include "../core/detail/owned_descriptor.hpp"
#include "../core/detail/thread.hpp"

namespace dividere::detail {

using reactor::MpOptions;
using reactor::MtMsgReactor;
using reactor::WorkerEnd;
using namespace std::chrono_literals;

// A worker that lived so long is not in a crash loop.
constexpr auto kHealthyLife = 1s;
constexpr auto kFirstPause = 50ms;
constexpr auto kLongestPause = 5s;
constexpr int kSetupFailed = 70;  // EX_SOFTWARE of sysexits.h

/// One worker process after the other, in one place.
struct WorkerSlot {
  enum class State { pausing, starting, running, givenUp };
  State state = State::pausing;
  pid_t pid = -1;
  OwnedDescriptor life;   // the child holds the other end: a byte says that it is set up, the end of it that it died
  OwnedDescriptor stop;   // a byte tells the child to end; so does the end of it, and our death
  OwnedDescriptor death;  // of the process: readable then, whoever else has inherited the other end of `life`
  Deadline::Clock::time_point since{};  // started, or (pausing) to be started
  int crashes = 0;
};

OwnedDescriptor openDeath(pid_t pid) {
#ifdef SYS_pidfd_open
  return OwnedDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
#else
  static_cast<void>(pid);
  return OwnedDescriptor();  // before Linux 5.3 the end of `life` has to do
#endif
}

/// Starts, watches, replaces and ends the worker processes, from a thread of its own. The children are forked in that
/// thread and bound to its life.
class Supervisor {
 public:
  Supervisor(int processes, std::function<void(MtMsgReactor&)> setup, const MpOptions& options)
      : setup_(std::move(setup)), options_(options), slots_(static_cast<std::size_t>(processes)) {
    pthread_sigmask(SIG_SETMASK, nullptr, &creatorsMask_);
    thread_.start("dividere-super", [this] { run(); });
  }

  void stop() { thread_.stop(); }

  std::vector<int> pids() const {
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<int> pids;
    for (const WorkerSlot& slot : slots_) {
      if (slot.state == WorkerSlot::State::running) pids.push_back(slot.pid);
    }
    return pids;
  }

  bool waitForWorkers(std::size_t n, const Deadline& deadline) const {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto enough = [&] { return running() >= n; };
    const auto hopeless = [&] { return ended_ || slots_.size() - givenUp() < n; };
    changed_.wait_until(lock, deadline.when(), [&] { return enough() || hopeless(); });
    return enough();
  }

 private:
  using Clock = Deadline::Clock;
  using State = WorkerSlot::State;

  std::size_t count(State state) const {
    return static_cast<std::size_t>(
        std::count_if(slots_.begin(), slots_.end(), [&](const WorkerSlot& slot) { return slot.state == state; }));
  }
  std::size_t running() const { return count(State::running); }
  std::size_t givenUp() const { return count(State::givenUp); }

  // --- The supervising thread ---

  void run() {
    while (!thread_.stopRequested()) {
      startDue();
      wait(nextStart());
      for (WorkerSlot& slot : slots_) listen(slot);
    }
    endAll();
    std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  void startDue() {
    for (WorkerSlot& slot : slots_) {
      if (slot.state == State::pausing && slot.since <= Clock::now()) spawn(slot);
    }
  }

  Deadline nextStart() const {
    auto next = Clock::time_point::max();
    for (const WorkerSlot& slot : slots_) {
      if (slot.state == State::pausing) next = std::min(next, slot.since);
    }
    return Deadline::at(next);
  }

  void wait(const Deadline& deadline) {
    std::vector<pollfd> waits{{thread_.waker().fd(), POLLIN, 0}};
    for (const WorkerSlot& slot : slots_) {
      if (slot.life) waits.push_back({slot.life.get(), POLLIN, 0});
      if (slot.death) waits.push_back({slot.death.get(), POLLIN, 0});
    }
    ::poll(waits.data(), waits.size(), deadline.pollTimeout());
  }

  void set(WorkerSlot& slot, State state, Clock::time_point since) {
    std::lock_guard<std::mutex> lock(mutex_);
    slot.state = state;
    slot.since = since;
    changed_.notify_all();
  }

  void spawn(WorkerSlot& slot) {
    int life[2], stop[2];
    if (::pipe2(life, O_CLOEXEC) != 0) return postpone(slot, "pipe");
    OwnedDescriptor lifeRead(life[0]), lifeWrite(life[1]);
    if (::pipe2(stop, O_CLOEXEC) != 0) return postpone(slot, "pipe");
    OwnedDescriptor stopRead(stop[0]), stopWrite(stop[1]);
    ::fcntl(lifeRead.get(), F_SETFL, O_NONBLOCK);

    flushStdout();
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return postpone(slot, "fork");
    if (pid == 0) {
      lifeRead = OwnedDescriptor();
      stopWrite = OwnedDescriptor();
      beWorker(parent, lifeWrite.get(), stopRead.get());
    }
    slot.pid = pid;
    slot.life = std::move(lifeRead);
    slot.stop = std::move(stopWrite);
    slot.death = openDeath(pid);
    set(slot, State::starting, Clock::now());
  }

  void postpone(WorkerSlot& slot, const char* what) {
    log(LogLevel::error, kWho, std::string(what) + ": " + std::strerror(errno) + "; trying again");
    ++slot.crashes;
    set(slot, State::pausing, Clock::now() + pauseAfter(slot.crashes));
  }

  static std::chrono::milliseconds pauseAfter(int crashes) {
    return std::min<std::chrono::milliseconds>(kFirstPause * (1 << std::min(crashes, 10)), kLongestPause);
  }

  void listen(WorkerSlot& slot) {
    char byte;
    while (slot.life) {
      const auto got = ::read(slot.life.get(), &byte, 1);
      if (got == 1) {
        set(slot, State::running, Clock::now());
      } else if (got == 0) {
        return bury(slot);
      } else if (errno != EINTR) {
        if (isDead(slot)) bury(slot);
        return;
      }
    }
  }

  static bool isDead(const WorkerSlot& slot) { return slot.death && Waker::isReadable(slot.death.get()); }

  void bury(WorkerSlot& slot) {
    const WorkerEnd end = reap(slot);
    // A worker that was killed from outside, or after it had worked for a while, is no crash loop.
    const bool fromOutside = end.signal == SIGKILL || end.signal == SIGTERM || end.signal == SIGINT;
    const bool hadWorked = slot.state == State::running;
    if (hadWorked && (fromOutside || Clock::now() - slot.since > kHealthyLife)) {
      slot.crashes = 0;
    } else {
      ++slot.crashes;
    }
    WorkerEnd told = end;
    told.replaced = fromOutside || slot.crashes <= options_.crashLimit;
    const auto pause = slot.crashes == 0 ? 0ms : pauseAfter(slot.crashes);
    set(slot, State::pausing, Clock::time_point::max());
    report(told, pause);  // before anyone who waits is told that waiting is in vain
    set(slot, told.replaced ? State::pausing : State::givenUp, Clock::now() + pause);
  }

  WorkerEnd reap(WorkerSlot& slot) {
    slot.life = OwnedDescriptor();
    slot.stop = OwnedDescriptor();
    slot.death = OwnedDescriptor();
    int status = 0;
    pid_t reaped;
    while ((reaped = ::waitpid(slot.pid, &status, 0)) < 0 && errno == EINTR) {
    }
    WorkerEnd end{static_cast<std::size_t>(&slot - slots_.data()), slot.pid, 0, 0, true};
    if (reaped == slot.pid && WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    if (reaped == slot.pid && WIFEXITED(status)) end.status = WEXITSTATUS(status);
    return end;
  }

  void report(const WorkerEnd& end, std::chrono::milliseconds pause) {
    std::string text = "worker " + std::to_string(end.worker) + " (pid " + std::to_string(end.pid) + ") ";
    if (end.signal != 0) {
      text += "was killed by signal " + std::to_string(end.signal) + " (" + ::strsignal(end.signal) + ")";
    } else {
      text += "ended with status " + std::to_string(end.status);
    }
    if (!end.replaced) {
      text += "; it keeps failing and is given up";
    } else if (pause > 0ms) {
      text += "; starting another in " + std::to_string(pause.count()) + " ms";
    } else {
      text += "; starting another";
    }
    log(end.replaced ? LogLevel::warning : LogLevel::error, kWho, text);
    if (!options_.onWorkerEnd) return;
    try {
      options_.onWorkerEnd(end);
    } catch (const std::exception& error) {
      log(LogLevel::error, kWho, std::string("onWorkerEnd threw: ") + error.what());
    } catch (...) {
      log(LogLevel::error, kWho, "onWorkerEnd threw something that is no std::exception");
    }
  }

  void endAll() {
    for (WorkerSlot& slot : slots_) tellToStop(slot);
    const Deadline limit = Deadline::in(options_.stopLimit);
    for (WorkerSlot& slot : slots_) {
      if (!slot.life) continue;
      if (!awaitEnd(slot, limit)) {
        log(LogLevel::warning, kWho, "worker " + std::to_string(slot.pid) + " does not stop, and is killed");
        ::kill(slot.pid, SIGKILL);
      }
      reap(slot);
      set(slot, State::pausing, Clock::time_point::max());
    }
  }

  // Not by closing it alone: any process forked meanwhile, by another of these or by the program, may have it open too.
  static void tellToStop(WorkerSlot& slot) {
    const char stop = 1;
    while (slot.stop && ::write(slot.stop.get(), &stop, 1) < 0 && errno == EINTR) {
    }
    slot.stop = OwnedDescriptor();
  }

  static bool awaitEnd(WorkerSlot& slot, const Deadline& limit) {
    char byte;
    for (;;) {
      const auto got = ::read(slot.life.get(), &byte, 1);
      if (got == 0) return true;
      if (got == 1) continue;
      if (isDead(slot)) return true;
      if (limit.passed()) return false;
      pollfd waits[] = {{slot.life.get(), POLLIN, 0}, {slot.death.get(), POLLIN, 0}};  // -1 is passed over
      ::poll(waits, 2, limit.pollTimeout());
    }
  }

  // --- The child ---

  [[noreturn]] void beWorker(pid_t parent, int life, int stop) {
    // Whatever happens to the parent, this does not outlive it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kSetupFailed);
    for (WorkerSlot& slot : slots_) {  // siblings' pipes: they must see our parent's end of them close
      slot.life = OwnedDescriptor();
      slot.stop = OwnedDescriptor();
      slot.death = OwnedDescriptor();
    }
    forgetHeldPorts();
    closeInheritedSockets();
    pthread_sigmask(SIG_SETMASK, &creatorsMask_, nullptr);
    const int status = work(life, stop);
    Process::current().watcher.awaitAllSent();
    // Not exit(): the parent's static objects are not ours to destroy.
    std::fflush(stdout);
    ::_exit(status);
  }

  int work(int life, int stop) {
    try {
      MtMsgReactor reactor;
      setup_(reactor);
      const char ready = 1;
      while (::write(life, &ready, 1) < 0 && errno == EINTR) {
      }
      reactor.runHere(kWho, stop);
      return 0;
    } catch (const std::exception& error) {
      log(LogLevel::error, kWho, std::string("setup failed: ") + error.what());
    } catch (...) {
      log(LogLevel::error, kWho, "setup threw something that is no std::exception");
    }
    return kSetupFailed;
  }

  // A listener that a child keeps open would keep its port taken after the parent has closed it; a connection would
  // not end for its peer.
  static void closeInheritedSockets() {
    std::vector<int> sockets;
    if (DIR* directory = ::opendir("/proc/self/fd")) {
      while (const dirent* entry = ::readdir(directory)) {
        const int fd = std::atoi(entry->d_name);
        struct stat status;
        if (fd > STDERR_FILENO && ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode)) sockets.push_back(fd);
      }
      ::closedir(directory);
    }
    for (int fd : sockets) ::close(fd);
  }

  // What stands in the buffer would be printed by each child again. If another thread is printing, it is left alone: it
  // may be waiting for whoever reads.
  static void flushStdout() {
    if (::ftrylockfile(stdout) != 0) return;
    ::fflush_unlocked(stdout);
    ::funlockfile(stdout);
  }

  static constexpr const char* kWho = "reactor::MpMsgReactor";

  const std::function<void(MtMsgReactor&)> setup_;
  const MpOptions options_;
  sigset_t creatorsMask_;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<WorkerSlot> slots_;  // state, pid and since change under mutex_, in the supervising thread alone
  bool ended_ = false;             // under mutex_

  StoppableThread thread_;  // last: it ends before what it uses
};

}  // namespace dividere::detail

namespace dividere::reactor {

MpMsgReactor::MpMsgReactor(int processes, std::function<void(MtMsgReactor&)> setup, const MpOptions& options) {
  detail::requireOption(processes > 0, "reactor::MpMsgReactor", "processes is to be at least 1");
  supervisor_ = std::make_unique<detail::Supervisor>(processes, std::move(setup), options);
}

MpMsgReactor::~MpMsgReactor() = default;

void MpMsgReactor::stop() { supervisor_->stop(); }

std::size_t MpMsgReactor::alive() const { return pids().size(); }

bool MpMsgReactor::waitForWorkers(std::size_t n, std::chrono::milliseconds timeout) const {
  return supervisor_->waitForWorkers(n, detail::Deadline::in(timeout));
}

std::vector<int> MpMsgReactor::pids() const { return supervisor_->pids(); }

}  // namespace dividere::reactor
