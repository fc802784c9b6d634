#include "thread.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace dividere::detail {

std::thread startThread(const char* name, std::function<void()> body) {
  // A thread inherits its creator's mask: blocked before it starts, no signal can slip in.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  struct Restore {
    sigset_t* mask;
    ~Restore() { pthread_sigmask(SIG_SETMASK, mask, nullptr); }
  } restore{&before};
  std::thread thread(std::move(body));
  pthread_setname_np(thread.native_handle(), name);
  return thread;
}

StoppableThread::~StoppableThread() {
  stop();
  if (!thread_.joinable()) return;
  if (!fork_.crossed()) {
    thread_.detach();  // destroyed from within itself
  } else {
    new std::thread(std::move(thread_));  // a forked child has no such thread, and nothing may be done to it
  }
}

void StoppableThread::start(const char* name, std::function<void()> body) {
  std::lock_guard<std::mutex> lock(joining_);
  if (stopRequested()) return;
  thread_ = startThread(name, [this, body = std::move(body)] {
    id_.store(std::this_thread::get_id(), std::memory_order_release);
    body();
  });
}

void StoppableThread::stop() {
  if (fork_.crossed()) return;
  stopRequested_.store(true, std::memory_order_release);
  waker_.wake();
  if (!waitsFor()) return;
  std::lock_guard<std::mutex> lock(joining_);
  if (thread_.joinable()) thread_.join();
}

}  // namespace dividere::detail
