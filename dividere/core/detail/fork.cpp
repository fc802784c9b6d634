#include "fork.hpp"

#include <pthread.h>

namespace dividere::detail {

std::atomic<unsigned> currentForkGeneration{0};

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
