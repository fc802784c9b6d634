#include "watcher.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "../../core/detail/thread.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

constexpr std::chrono::milliseconds kPumpPeriod{1000};
// ... and if they had more to do than they should at a time.
constexpr std::chrono::milliseconds kPumpAgain{10};
// How long an exit waits for a thread that has nothing left to do.
constexpr std::chrono::milliseconds kJoinLimit{100};

static Deadline::Clock::time_point closeBy(std::chrono::milliseconds linger) {
  return linger.count() < 0 ? Deadline::Clock::time_point::max() : Deadline::in(linger).when();
}

// --- any thread ---

void Watcher::add(const std::shared_ptr<Watch>& watch, void* context, void* socket) {
  if (socket) watch->events = std::make_unique<MonitorEvents>(context, socket, watch->who());
  try {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!running_) start();
    new_.push_back(watch);
    watch->isMonitored = socket != nullptr;
    ++watched_;
    waker_->wake();
  } catch (...) {
    if (socket) MonitorEvents::stop(socket);
    watch->events.reset();
    throw;
  }
}

void Watcher::start() {
  if (!waker_) waker_ = std::make_unique<Waker>();
  if (thread_.joinable()) thread_.join();  // it has ended: nothing was left to watch
  OwnedDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) throw Error({errno, std::generic_category()}, "epoll_create1");
  epoll_ = std::move(epoll);
  thread_ = startThread("dividere-watch", [this] { run(); });
  running_ = true;
}

void Watcher::remove(const std::shared_ptr<Watch>& watch) {
  std::lock_guard<std::mutex> lock(mutex_);
  // Here, before the descriptor is closed: its number may be another one's soon.
  const int pumped = watch->pumpDescriptor.exchange(-1);
  if (pumped >= 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, pumped, nullptr);
  if (watch->isMonitored) {
    closedSockets_.add(watch.get(), closeBy(watch->linger()));  // until its last event has come
  } else {
    removed_.push_back(watch);
    waker_->wake();
  }
}

void Watcher::pumpOn(Watch& watch, int descriptor) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (watch.pumpDescriptor >= 0) return;  // it is already
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLET;  // the owner, who may be busy, takes the signal in
  interest.data.ptr = &watch;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &interest) != 0) {
    throw Error({errno, std::generic_category()}, watch.who() + ": epoll_ctl");
  }
  watch.pumpDescriptor = descriptor;
}

void Watcher::pumpSoon() {
  std::lock_guard<std::mutex> lock(mutex_);
  isPumpDue_ = true;
  if (waker_) waker_->wake();
}

void Watcher::poke() {
  std::lock_guard<std::mutex> lock(mutex_);
  poked_ = true;
  if (waker_) waker_->wake();
}

void Watcher::finishSending() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    exiting_ = true;
  }
  awaitAllSent();
  joinIfDone();
}

void Watcher::closed() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!exiting_) return;
  }
  awaitAllSent();
  joinIfDone();
}

// Tools that look for leaks report a thread that has ended unjoined.
void Watcher::joinIfDone() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (watched_ > 0 || thread_.get_id() == std::this_thread::get_id()) return;
  ended_.wait_for(lock, kJoinLimit, [this] { return !running_; });
  if (!running_ && thread_.joinable()) thread_.join();
}

// --- its thread ---

void Watcher::run() {
  epoll_event wakeUp{};
  wakeUp.events = EPOLLIN;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, waker_->fd(), &wakeUp);
  for (;;) {
    takeNew();
    if (finished()) break;
    const auto due = doWhatIsDue(Clock::now());
    epoll_event ready[64];
    const int count = ::epoll_wait(epoll_.get(), ready, 64, Deadline::at(due).pollTimeout());
    for (int i = 0; i < count; ++i) {
      if (ready[i].data.ptr) {
        lookAt(static_cast<Watch*>(ready[i].data.ptr));
      } else {
        waker_->drain();
      }
    }
  }
}

void Watcher::takeNew() {
  std::vector<std::shared_ptr<Watch>> added, removed;
  bool poked = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    added.swap(new_);
    removed.swap(removed_);
    std::swap(poked, poked_);
    if (std::exchange(isPumpDue_, false)) nextPump_ = std::min(nextPump_, Clock::now() + kPumpAgain);
  }
  for (auto& watch : added) begin(watch);
  for (auto& watch : removed) forget(*watch);
  if (!poked) return;
  for (auto& [watch, owner] : watches_) watch->deliverBacklog();
}

void Watcher::begin(const std::shared_ptr<Watch>& watch) {
  if (watch->hasPump() && pumped_++ == 0) {
    pumpPause_ = kPumpPeriod;
    nextPump_ = Clock::now() + kPumpPeriod;
  }
  watches_.emplace(watch.get(), watch);
  if (watch->pumpDescriptor >= 0 && watch->pump()) pumpSoon();
  if (!watch->events) return;
  epoll_event interest{};
  interest.events = EPOLLIN;
  interest.data.ptr = watch.get();
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, watch->events->descriptor(), &interest);
  // The descriptor tells of new events only; some may have come before it was watched.
  readEvents(*watch);
}

/// At one that has given a signal. (It may have been forgotten since.)
void Watcher::lookAt(Watch* watch) {
  if (watches_.count(watch) == 0) return;
  if (watch->pumpDescriptor >= 0 && watch->pump()) pumpSoon();
  readEvents(*watch);
}

void Watcher::readEvents(Watch& watch) {
  if (!watch.events) return;
  connection::SocketEvent event{};
  for (;;) {
    const auto reading = watch.events->read(event);
    if (reading == MonitorEvents::Reading::nothing) return;
    // Whoever ends a context that has just closed its last socket waits for the reader to be closed too.
    if (reading == MonitorEvents::Reading::contextEnds) return forget(watch);
    const auto type = event.type;
    ipcGuard_.follow(&watch, watch.who(), event);
    watch.take(std::move(event));
    if (watch.hasSuspects()) suspects_.insert(&watch);
    if (type == connection::EventType::monitorStopped) return forget(watch);
    if (type == connection::EventType::closed) closedSockets_.noteRelease();
    if (type == connection::EventType::handshakeSucceeded && watch.hasPump()) expectWords();
  }
}

/// A peer's first words follow its handshake; nobody knows how long after that. What comes late waits no longer than it took.
void Watcher::expectWords() {
  pumpPause_ = kPumpAgain;
  nextPump_ = std::min(nextPump_, Clock::now() + kPumpAgain);
}

void Watcher::forget(Watch& watch) {
  const auto found = watches_.find(&watch);
  if (found == watches_.end()) return;
  const auto alive = found->second;
  watches_.erase(found);
  suspects_.erase(&watch);
  ipcGuard_.forget(&watch);
  if (watch.hasPump()) --pumped_;
  if (watch.events) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watch.events->descriptor(), nullptr);
    watch.events.reset();
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    watch.isMonitored = false;
    --watched_;
  }
  closedSockets_.remove(&watch);  // after that: who waits for it asks whether anything is left
}

Watcher::Clock::time_point Watcher::doWhatIsDue(Clock::time_point now) {
  const auto next = findBroken(now);
  if (pumped_ == 0) return next;
  if (now >= nextPump_) {
    nextPump_ = now + (pump() ? kPumpAgain : pumpPause_);
    pumpPause_ = std::min(2 * pumpPause_, kPumpPeriod);
  }
  return std::min(next, nextPump_);
}

/// When to look again.
Watcher::Clock::time_point Watcher::findBroken(Clock::time_point now) {
  auto next = Clock::time_point::max();
  for (auto it = suspects_.begin(); it != suspects_.end();) {
    next = std::min(next, (*it)->findBroken(now));
    it = (*it)->hasSuspects() ? std::next(it) : suspects_.erase(it);
  }
  return next;
}

/// Whether one of them is to be pumped again soon.
bool Watcher::pump() {
  bool again = false;
  for (auto& [watch, owner] : watches_) again = (watch->hasPump() && watch->pump()) || again;
  return again;
}

bool Watcher::finished() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (watched_ > 0) return false;
  running_ = false;
  ended_.notify_all();
  return true;
}

}  // namespace dividere::detail
