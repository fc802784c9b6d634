#include "audience.hpp"

#include <utility>

#include "transport.hpp"

namespace dividere::detail {

constexpr const char* kCutOff =
    ": a subscriber asked for too much and was disconnected: a topic may have 4 KiB, all of one connection 4 MiB";

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
  const bool hasCut = std::exchange(hasCut_, false);
  const std::string where = socket->endpoint();
  lock.unlock();  // whoever takes the log may publish it
  if (hasCut) warnings.log(LogLevel::warning, socket->who(), where + kCutOff);
  return hasMore;
}

void Audience::cutOff(Frame& news) {
  cut(news.sourceDescriptor(), socket->endpoint());
  hasCut_ = true;
}

/// False if there is none.
bool Audience::readOne() {
  Frame frame;
  const bool isThere = socket->tryReceiveFrame(frame);
  if (isThere) {
    if (!census.observe(frame)) cutOff(frame);
    ++newsRead;
  } else {
    census.settle();
  }
  return isThere;
}

}  // namespace dividere::detail
