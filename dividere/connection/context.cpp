#include "context.hpp"

#include <dlfcn.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "../core/detail/fork.hpp"
#include "../core/detail/thread.hpp"
#include "../core/error.hpp"
#include "detail/process.hpp"

namespace dividere::detail {

std::atomic<Process*> currentProcess{nullptr};

Process* existingProcess() {
  Process* process = currentProcess.load(std::memory_order_acquire);
  return process && process->generation == forkGeneration() ? process : nullptr;
}

// libzmq's threads outlive all sockets, and run in code that a plugin would take along when it is unloaded: so the
// object this is linked into is not unloaded any more.
void stayLoaded() {
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

std::shared_ptr<connection::Context> Process::context() {
  std::lock_guard<std::mutex> lock(processMutex());
  if (!context_) context_ = std::make_shared<connection::Context>();
  return context_;
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

namespace dividere::connection {

Context::Context(int ioThreads) : context_(nullptr), generation_(detail::forkGeneration()) {
  detail::processMutex();  // from here on a fork() is noticed, also if nothing else of the library is ever used
  // The first socket of a context starts its threads and aborts the process if one of them gets no descriptor:
  // an eventfd and an epoll each, for the reaper and every I/O thread, and one for the term mailbox.
  detail::requireDescriptors(2 * (ioThreads + 1) + 2, "connection::Context");
  context_ = zmq_ctx_new();
  if (!context_) throw Error({errno, std::generic_category()}, "connection::Context");
  zmq_ctx_set(context_, ZMQ_IO_THREADS, ioThreads);
  zmq_ctx_set(context_, ZMQ_MAX_SOCKETS, 65535);  // the default of 1023 is met by closing and opening in a loop
  zmq_ctx_set(context_, ZMQ_BLOCKY, 0);
}

Context::~Context() {
  // An inherited context is dead in a forked child: ending it would wait for ever.
  if (generation_ != detail::forkGeneration()) return;
  const auto end = [context = context_] {
    while (zmq_ctx_term(context) != 0 && errno == EINTR) {
    }
  };
  // It waits for the readers of events, which are closed by the thread that calls the handlers.
  if (detail::isInEventHandler) {
    detail::startThread("dividere-end", end).detach();
  } else {
    end();
  }
}

std::shared_ptr<Context> Context::shared() { return detail::Process::current().context(); }

}  // namespace dividere::connection
