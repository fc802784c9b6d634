#pragma once

// What the tests of worker processes share.

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <new>
#include <set>

#include "kit.hpp"
#include "support/child.hpp"
#include "support/eventually.hpp"

namespace kit {

using dividere::reactor::MpMsgReactor;
using dividere::reactor::MpOptions;
using dividere::reactor::MtMsgReactor;
using dividere::reactor::WorkerEnd;

/// Worker processes that start threads, of a program whose own threads allocate: what sanitizers do not let them.
inline auto forks() { return doctest::skip(!support::kCanForkAmidAllocations); }

/// Numbers that a process and its children share.
class Shared {
 public:
  Shared()
      : memory_(
            ::mmap(nullptr, sizeof(std::atomic<int>[8]), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw std::runtime_error("mmap");
    new (memory_) std::atomic<int>[8] {};
  }
  ~Shared() { ::munmap(memory_, sizeof(std::atomic<int>[8])); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  std::atomic<int>& operator[](std::size_t i) const { return static_cast<std::atomic<int>*>(memory_)[i]; }

 private:
  void* memory_;
};

/// A pipe that children inherit.
class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_) != 0) throw std::runtime_error("pipe");
  }
  ~Pipe() {
    closeRead();
    closeWrite();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void put() const {
    while (::write(ends_[1], "!", 1) < 0 && errno == EINTR) {
    }
  }

  /// Waits for a put(); false if nobody is left to do it.
  bool take() const {
    char byte;
    ssize_t got;
    while ((got = ::read(ends_[0], &byte, 1)) < 0 && errno == EINTR) {
    }
    return got == 1;
  }

  void closeRead() { close(ends_[0]); }
  void closeWrite() { close(ends_[1]); }

 private:
  static void close(int& fd) {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  int ends_[2];
};

/// MpOptions that note how workers end.
class Ends : public Notes<WorkerEnd> {
 public:
  MpOptions options() {
    MpOptions made;
    made.onWorkerEnd = [this](const WorkerEnd& end) { add(end); };
    made.stopLimit = made.startLimit = kLimit;  // nobody is killed for being slow on a busy machine
    return made;
  }
};

/// Whether this process has a child, dead or alive, that nobody has waited for.
inline bool hasChildren() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

/// As in a program without doctest, which takes signals for crashes of its own.
inline void takeSignalsAsOthersDo() {
  for (const int signal : {SIGTERM, SIGABRT, SIGSEGV}) ::signal(signal, SIG_DFL);
}

inline std::size_t openDescriptors() {
  std::size_t count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  REQUIRE(directory);
  while (::readdir(directory)) ++count;
  ::closedir(directory);
  return count;
}

/// The pid in a reply that a worker made by ownPid().
inline Msg02 ownPid(const std::string& text = "") { return msg02(text, ::getpid()); }

}  // namespace kit
