#include "fork.hpp"

#include <pthread.h>

namespace dividere::detail {

// A counter instead of a getpid() in every call: getpid() is a system call.
std::atomic<unsigned> currentForkGeneration{0};

unsigned forkGeneration() noexcept { return currentForkGeneration.load(std::memory_order_relaxed); }

std::mutex& processMutex() {
  // Never destroyed: threads may still log while the process exits.
  static std::mutex& mutex = *[] {
    auto* made = new std::mutex;
    pthread_atfork([] { processMutex().lock(); }, [] { processMutex().unlock(); },
                   [] {
                     currentForkGeneration.fetch_add(1, std::memory_order_relaxed);
                     processMutex().unlock();
                   });
    return made;
  }();
  return mutex;
}

}  // namespace dividere::detail
