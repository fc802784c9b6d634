#include "newest.hpp"

#include <poll.h>

#include <thread>
#include <utility>

#include "process.hpp"

namespace dividere::detail {

// The owner looks for what has come by the time he reads, and no longer: under a flood there would be no end.
constexpr std::chrono::milliseconds kLongestLook{20};
constexpr int kLookAtClock = 256;  // messages

// Messages that the drainer takes in before others have their turn.
constexpr int kMostAtATime = 1000;

// --- the owner's ---

void Newest::begin() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    hasEnded_ = false;
    isDue_ = true;  // what has come by now gives no signal
  }
  Drainer& drainer = Process::current().drainer;
  drainer.add(shared_from_this(), socket_.descriptor());
  isDrained_ = true;
  socket_.wakeWith(drainer.wakeDescriptor());
}

bool Newest::end() {
  if (fork_.crossed()) return false;
  if (!std::exchange(isDrained_, false)) return true;
  {
    const auto lock = enter();
    hasEnded_ = true;
  }
  socket_.wakeWith(-1);
  Process::current().drainer.remove(*this, socket_.descriptor());
  return true;
}

std::unique_lock<std::mutex> Newest::enter() {
  std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  if (lock.owns_lock()) return lock;
  isWanted_ = true;
  lock.lock();
  isWanted_ = false;
  return lock;
}

bool Newest::ready() {
  const auto lock = enter();
  takeAllIn();
  return hasAny();
}

bool Newest::wait(const Deadline& deadline) {
  do {
    if (ready()) return true;
  } while (await(deadline));
  return false;
}

const Frame* Newest::take(const Deadline& deadline) {
  do {
    if (!tryTake()) continue;
    intake_.hands(current_.view());
    return &current_;
  } while (await(deadline));
  return nullptr;
}

bool Newest::tryTake() {
  const auto lock = enter();
  takeAllIn();
  const std::exception_ptr failure = std::exchange(failure_, nullptr);
  const bool isThere = !failure && !slots_.isEmpty();
  if (isThere) current_ = slots_.take();
  setSignal();
  if (failure) std::rethrow_exception(failure);
  return isThere;
}

/// False if nothing came in time, or before the Interrupt.
bool Newest::await(const Deadline& deadline) {
  if (!isDrained_) return socket_.wait(deadline);
  pollfd waits[] = {{signal_.fd(), POLLIN, 0}, {deadline.interruptFd(), POLLIN, 0}};
  return ::poll(waits, 2, deadline.pollTimeout()) != 0 && !waits[1].revents;
}

// --- under the lock ---

void Newest::takeAllIn() {
  const Deadline limit = Deadline::in(kLongestLook);
  for (int count = 1; takeIn(); ++count) {
    if (count % kLookAtClock != 0 || !limit.passed()) continue;
    isDue_ = true;
    if (isDrained_) Process::current().drainer.wake();
    break;
  }
  setSignal();
}

/// False if there is nothing to take in.
bool Newest::takeIn() {
  bool isThere = false;
  try {
    isThere = socket_.tryReceive();
    if (isThere) keep();
  } catch (...) {
    failure_ = std::current_exception();
  }
  return isThere;
}

void Newest::keep() {
  Multipart& inbox = socket_.inbox();
  if (!intake_.unwrap(inbox)) socket_.onlyFrame();
  if (inbox.isEmpty()) return;
  Frame message = inbox.takePayload();
  std::string_view series;
  if (intake_.notes(message.view(), series)) intake_.skips(slots_.put(series, std::move(message)));
}

void Newest::setSignal() {
  if (hasAny() == isSignalled_) return;
  isSignalled_ = !isSignalled_;
  if (isSignalled_) {
    signal_.wake();
  } else {
    signal_.drain();
  }
}

// --- the drainer's ---

bool Newest::drain(bool isSignalled) {
  if (isWanted_) std::this_thread::yield();
  std::lock_guard<std::mutex> lock(mutex_);
  if (hasEnded_ || !(isSignalled || std::exchange(isDue_, false) || socket_.needsAttention())) return false;
  int left = kMostAtATime;
  while (left > 0 && !isWanted_ && takeIn()) --left;
  isDue_ = left == 0 || isWanted_;
  setSignal();
  return isDue_;
}

}  // namespace dividere::detail
