#include "worker_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

#include "../../core/error.hpp"

namespace dividere::detail {

// How often to look whether a process has ended, where the kernel does not tell.
constexpr std::chrono::milliseconds kLookForEnd{100};

static OwnedDescriptor openPidDescriptor(int pid) {
#ifdef SYS_pidfd_open
  return OwnedDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
#else
  static_cast<void>(pid);
  return OwnedDescriptor();
#endif
}

struct PipeEnds {
  OwnedDescriptor read, write;
};

static PipeEnds makePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error({errno, std::generic_category()}, "pipe");
  return {OwnedDescriptor(ends[0]), OwnedDescriptor(ends[1])};
}

// What stands in the buffer would be printed by each child again. If another thread is printing, it is left alone: it
// may be waiting for whoever reads.
static void flushStdout() {
  if (::ftrylockfile(stdout) != 0) return;
  ::fflush_unlocked(stdout);
  ::funlockfile(stdout);
}

WorkerProcess::WorkerProcess(const std::function<void(const ChildsEnd&)>& child) {
  PipeEnds ready = makePipe(), stop = makePipe();
  ::fcntl(ready.read.get(), F_SETFL, O_NONBLOCK);
  flushStdout();
  const int parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw Error({errno, std::generic_category()}, "fork");
  if (pid_ == 0) {
    ready.read = OwnedDescriptor();
    stop.write = OwnedDescriptor();
    child({parent, ready.write.get(), stop.read.get()});
  }
  ready_ = std::move(ready.read);
  stop_ = std::move(stop.write);
  end_ = openPidDescriptor(pid_);
}

void WorkerProcess::addTo(std::vector<pollfd>& waits) const {
  if (ready_) waits.push_back({ready_.get(), POLLIN, 0});
  if (end_) waits.push_back({end_.get(), POLLIN, 0});
}

Deadline WorkerProcess::nextLook() const { return isThere() && !end_ ? Deadline::in(kLookForEnd) : Deadline::never(); }

// The end of the pipe says nothing: a process may close its descriptors and live on.
bool WorkerProcess::readReady() {
  if (!ready_) return false;
  char byte;
  const auto got = ::read(ready_.get(), &byte, 1);
  if (got >= 0) ready_ = OwnedDescriptor();
  return got == 1;
}

bool WorkerProcess::reapIfEnded() {
  if (!isThere()) return true;
  waitStatus_ = 0;
  if (::waitpid(pid_, &waitStatus_, WNOHANG) == 0) return false;
  pid_ = -1;  // also if somebody else has waited for it, and nobody knows how it ended
  return true;
}

bool WorkerProcess::awaitEnd(const Deadline& deadline) {
  while (!reapIfEnded()) {
    if (deadline.passed()) return false;
    pollfd wait{end_.get(), POLLIN, 0};  // -1 is passed over
    ::poll(&wait, 1, earlier(deadline, nextLook()).pollTimeout());
  }
  return true;
}

int WorkerProcess::signal() const { return WIFSIGNALED(waitStatus_) ? WTERMSIG(waitStatus_) : 0; }

int WorkerProcess::status() const { return WIFEXITED(waitStatus_) ? WEXITSTATUS(waitStatus_) : 0; }

// Not by closing it alone: any process forked meanwhile, by another of these or by the program, may have it open too.
void WorkerProcess::tellToStop() {
  const char stop = 1;
  while (stop_ && ::write(stop_.get(), &stop, 1) < 0 && errno == EINTR) {
  }
  stop_ = OwnedDescriptor();
}

void WorkerProcess::kill() {
  if (isThere()) ::kill(pid_, SIGKILL);
}

void WorkerProcess::letGo() {
  for (OwnedDescriptor* each : {&ready_, &stop_, &end_}) *each = OwnedDescriptor();
}

}  // namespace dividere::detail
