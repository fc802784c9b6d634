#include "process.hpp"

#include <dlfcn.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "../../core/detail/fork.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

static std::atomic<Process*> currentProcess{nullptr};

static Process* existingProcess() {
  Process* process = currentProcess.load(std::memory_order_acquire);
  return process && process->generation == forkGeneration() ? process : nullptr;
}

// libzmq's threads outlive all sockets, and run in code that a plugin would take along when it is unloaded: so the
// object this is linked into is not unloaded any more.
static void stayLoaded() {
  Dl_info here;
  if (::dladdr(reinterpret_cast<void*>(&stayLoaded), &here) == 0 || !here.dli_fname) return;
  ::dlopen(here.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);  // null for the program itself: as well
}

Process& Process::current() {
  if (Process* process = existingProcess()) return *process;
  std::lock_guard<std::mutex> lock(processMutex());
  if (Process* process = existingProcess()) return *process;
  Process* inherited = currentProcess.load(std::memory_order_relaxed);
  auto* process = new Process(forkGeneration(), inherited);
  currentProcess.store(process, std::memory_order_release);
  if (!inherited) {
    stayLoaded();
    // "Send, destroy, return from main" must not lose what was sent. The context itself is not ended.
    std::atexit([] {
      if (Process* ending = existingProcess()) ending->watcher.finishSending();
    });
  }
  return *process;
}

std::shared_ptr<connection::Context> Process::context(bool differs) {
  std::lock_guard<std::mutex> lock(processMutex());
  auto& context = contexts_[differs ? 1 : 0];
  if (!context) context = std::make_shared<connection::Context>();
  return context;
}

void requireDescriptors(int count, const char* what) {
  std::vector<int> opened;
  int error = 0;
  while (static_cast<int>(opened.size()) < count && error == 0) {
    const int fd = ::eventfd(0, EFD_CLOEXEC);
    if (fd >= 0) {
      opened.push_back(fd);
    } else {
      error = errno;
    }
  }
  for (int fd : opened) ::close(fd);
  if (error != 0) throw Error({error, std::generic_category()}, what);
}

}  // namespace dividere::detail
