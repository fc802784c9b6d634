#include "outgoing.hpp"

#include <string>
#include <utility>

#include "reactor_loop.hpp"

namespace dividere::detail {

void Outgoing::requireOpen() const {
  if (!outlet_) throw Error(Errc::stopping, std::string(kReactorSender) + ": send: the reactor is stopped");
}

bool Outgoing::add(const connection::Route& route, Frame& frame) {
  std::lock_guard<std::mutex> lock(mutex_);
  requireOpen();
  outlet_->requireSendable(route, frame.size());
  if (count_ >= kMostOutgoing) return false;
  if (!isDue_) loop_.post([self = shared_from_this()] { self->flush(); });
  isDue_ = true;
  coming_.push_back({route, std::move(frame)});
  ++count_;
  return true;
}

bool Outgoing::send(const connection::Route& route, Frame&& frame, const Deadline& deadline) {
  fork_.require(kReactorSender);
  if (add(route, frame)) return true;
  if (isLoopsThread()) {
    flush();
    return add(route, frame);
  }
  bool isAdded = false;
  return room_.wait([&] { return isAdded || (isAdded = add(route, frame)); }, deadline);
}

bool Outgoing::isLoopsThread() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return outlet_ && loop_.isCurrent();
}

std::size_t Outgoing::count() const {
  fork_.require(kReactorSender);
  std::lock_guard<std::mutex> lock(mutex_);
  return count_;
}

// The outlet may tell the program of what is wrong, which may send more.
void Outgoing::flush() {
  if (isFlushing_) return;
  isFlushing_ = true;
  do {
    sendTaken();
  } while (taken_.empty() && takeMore());
  isFlushing_ = false;
}

/// Without the lock, until one cannot be sent.
void Outgoing::sendTaken() {
  const std::size_t before = taken_.size();
  while (!taken_.empty() && trySend(taken_.front())) taken_.pop_front();
  const std::size_t gone = before - taken_.size();
  if (gone == 0) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    count_ -= gone;
  }
  room_.ring();
}

/// False if it is over with that for now.
bool Outgoing::takeMore() {
  std::lock_guard<std::mutex> lock(mutex_);
  taken_.swap(coming_);
  if (taken_.empty()) isDue_ = false;
  return outlet_ && !taken_.empty();
}

/// Whether it need not be tried again.
bool Outgoing::trySend(Message& message) {
  try {
    return outlet_->trySend(message.route, message.frame);
  } catch (const Error& error) {
    outlet_->unsent(error);
    return true;
  }
}

void Outgoing::close() noexcept {
  if (fork_.crossed()) return;
  flush();
  std::size_t lost = 0;
  Outlet* outlet = nullptr;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    outlet = std::exchange(outlet_, nullptr);
    lost = std::exchange(count_, 0);
    coming_.clear();
  }
  taken_.clear();
  room_.ring();
  if (lost == 0) return;
  outlet->unsent(Error(Errc::stopping, std::string(kReactorSender) + ": " + std::to_string(lost) +
                                           " messages were not sent before the end"));
}

}  // namespace dividere::detail
