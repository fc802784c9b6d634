#include "worker_slot.hpp"

#include <signal.h>

#include <algorithm>

namespace dividere::detail {

// A worker that lived so long is not in a crash loop.
constexpr std::chrono::seconds kHealthyLife{1};
constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{5000};

Deadline WorkerSlot::nextDue() const {
  const bool hasSomethingDue = state_ == State::pausing || (state_ == State::starting && !wasOverdue_);
  return earlier(hasSomethingDue ? due_ : Deadline::never(), process.nextLook());
}

bool WorkerSlot::isOverdue() {
  if (state_ != State::starting || wasOverdue_ || !due_.passed()) return false;
  wasOverdue_ = true;
  return true;
}

void WorkerSlot::started(std::chrono::milliseconds startLimit) {
  state_ = State::starting;
  due_ = Deadline::in(startLimit);
  wasOverdue_ = false;
}

void WorkerSlot::becameReady() {
  state_ = State::running;
  readySince_ = Clock::now();
}

void WorkerSlot::failedToStart() {
  ++crashes_;
  startAgain();
}

bool WorkerSlot::ended(int crashLimit) {
  const int signal = process.signal();
  // One that was killed from outside, or after it had worked for a while, is no crash loop.
  const bool fromOutside = !wasOverdue_ && (signal == SIGKILL || signal == SIGTERM || signal == SIGINT);
  const bool hadWorked = state_ == State::running && (fromOutside || Clock::now() - readySince_ > kHealthyLife);
  crashes_ = hadWorked ? 0 : crashes_ + 1;
  state_ = State::pausing;
  due_ = Deadline::never();
  return fromOutside || crashes_ <= crashLimit;
}

void WorkerSlot::startAgain() {
  state_ = State::pausing;
  due_ = Deadline::in(pause());
}

std::chrono::milliseconds WorkerSlot::pause() const {
  if (crashes_ == 0) return std::chrono::milliseconds(0);
  return std::min<std::chrono::milliseconds>(kFirstPause * (1 << std::min(crashes_, 10)), kLongestPause);
}

}  // namespace dividere::detail
