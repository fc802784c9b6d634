#include "fork.hpp"

#include <pthread.h>

#include <string>

#include "../error.hpp"
#include "interrupt_list.hpp"
#include "never_destroyed.hpp"

namespace dividere::detail {

std::atomic<unsigned> currentForkGeneration{0};

void ForkGuard::fail(std::string_view who) { throw Error(Errc::otherProcess, std::string(who)); }

static void holdForksOff() {
  pthread_atfork([] { processMutex().lock(); }, [] { processMutex().unlock(); },
                 [] {
                   currentForkGeneration.fetch_add(1, std::memory_order_relaxed);
                   InterruptList::renewAll();
                   processMutex().unlock();
                 });
}

std::mutex& processMutex() {
  static NeverDestroyed<std::mutex> mutex;
  [[maybe_unused]] static const bool isGuarded = (holdForksOff(), true);
  return *mutex;
}

}  // namespace dividere::detail
