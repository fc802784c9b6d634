#include "worker_main.hpp"

#include <dirent.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../../connection/detail/process.hpp"
#include "../../core/detail/log_line.hpp"

namespace dividere::detail {

constexpr int kSetupFailed = 70;  // EX_SOFTWARE of sysexits.h
constexpr const char* kWorkerMain = "reactor::MpMsgReactor";

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

void WorkerMain::run(const WorkerProcess::ChildsEnd& end, const std::function<void(reactor::MtMsgReactor&)>& setup,
                     const sigset_t& signals) noexcept {
  // Whatever happens to the parent, this does not outlive it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != end.parent) ::_exit(kSetupFailed);
  forgetHeldPorts();
  closeInheritedSockets();
  pthread_sigmask(SIG_SETMASK, &signals, nullptr);
  const int status = work(end, setup);
  Process::current().watcher.awaitAllSent();
  // Not exit(): the parent's static objects are not ours to destroy.
  std::fflush(stdout);
  ::_exit(status);
}

int WorkerMain::work(const WorkerProcess::ChildsEnd& end, const std::function<void(reactor::MtMsgReactor&)>& setup) {
  try {
    reactor::MtMsgReactor reactor;
    setup(reactor);
    const char ready = 1;
    while (::write(end.ready, &ready, 1) < 0 && errno == EINTR) {
    }
    reactor.runHere(kWorkerMain, end.stop);
    return 0;
  } catch (const std::exception& error) {
    log(LogLevel::error, kWorkerMain, std::string("setup failed: ") + error.what());
  } catch (...) {
    log(LogLevel::error, kWorkerMain, "setup threw something that is no std::exception");
  }
  return kSetupFailed;
}

}  // namespace dividere::detail
