#include "audience.hpp"

namespace dividere::detail {

// Whoever asks for all news waits no longer than this while they do not end.
constexpr std::chrono::milliseconds kFloodLimit{1000};

std::unique_lock<std::mutex> Audience::enter() {
  std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
  if (lock.owns_lock()) return lock;
  isWanted = true;
  lock.lock();
  isWanted = false;
  return lock;
}

bool Audience::readNews() {
  for (int i = 0; i < kNewsAtATime; ++i) {
    if (readOne()) continue;
    socket->foundNothing();
    return true;
  }
  socket->signalTaken();
  return false;
}

void Audience::readAllNews() {
  const Deadline limit = Deadline::in(kFloodLimit);
  while (!readNews() && !limit.passed()) {
  }
}

bool Audience::readNewsIfIdle() {
  std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
  if (!lock.owns_lock() || !socket) return hasMore;
  hasMore = true;
  for (int i = 0; i < kNewsAtATime && !isWanted && hasMore; ++i) hasMore = readOne();
  return hasMore;
}

/// False if there is none.
bool Audience::readOne() {
  Frame frame;
  const bool isThere = socket->tryReceiveFrame(frame);
  if (isThere) {
    census.observe(frame);
    ++newsRead;
  } else {
    census.settle();
  }
  return isThere;
}

}  // namespace dividere::detail
