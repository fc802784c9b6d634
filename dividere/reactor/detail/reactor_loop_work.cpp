// What a loop does: runs functions, gives its sources their turns, and waits.
#include <sys/epoll.h>

#include <algorithm>

#include "reactor_loop.hpp"

namespace dividere::detail {

// Messages one socket may have handled before the others have their turn.
constexpr int kMessagesPerTurn = 64;

void ReactorLoop::callPosted() {
  std::vector<std::function<void()>> functions;
  hasPosted_ = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    functions.swap(posted_);
  }
  for (const auto& function : functions) call(function, "a posted function");
}

void ReactorLoop::callDue() {
  timers_.callDue([this](const std::function<void()>& function) { call(function, "a timer's function"); },
                  [this] { return thread_.stopRequested(); });
}

void ReactorLoop::call(const std::function<void()>& function, const char* what) noexcept {
  ++ran_;
  try {
    function();
  } catch (...) {
    onError_(currentAsHandlerError(who_ + ": " + what));
  }
}

void ReactorLoop::takeTurns() {
  turns_.giveAll([this](Source& source) { return takeTurn(source); });
}

/// Whether there may be more.
bool ReactorLoop::takeTurn(Source& source) {
  source.hasTurn_ = true;
  const bool mayHaveMore = takeMessages(source);
  source.hasTurn_ = false;
  return mayHaveMore;
}

bool ReactorLoop::takeMessages(Source& source) {
  for (int count = 0; count < kMessagesPerTurn; ++count) {
    if (thread_.stopRequested()) return true;
    try {
      if (!source.hasMessage()) {
        if (source.due() < source.alarm_) setAlarm(source, source.due());
        return source.mayHaveMessage();
      }
    } catch (...) {
      onError_(currentError());
      continue;
    }
    ++ran_;
    try {
      source.take();
    } catch (...) {
      const Error error = currentError();
      if (!source.failed(error)) onError_(error);
    }
  }
  return true;
}

/// What was thrown while a socket was looked after. In a catch block.
Error ReactorLoop::currentError() const {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (...) {
    return currentAsHandlerError(who_ + ": receive");  // out of memory, say
  }
}

void ReactorLoop::setAlarm(Source& source, Clock::time_point due) {
  source.alarm_ = due;
  timers_.at(due, [this, &source] {
    const bool isThere =
        std::any_of(sources_.begin(), sources_.end(), [&](const auto& each) { return each.get() == &source; });
    if (!isThere) return;
    source.alarm_ = Clock::time_point::max();
    turns_.add(source);
  });
}

void ReactorLoop::takeAll(Source& source) {
  while (!thread_.stopRequested() && takeTurn(source)) {
  }
}

void ReactorLoop::giveTurn(Source& source) {
  turns_.drop(source);
  if (takeTurn(source)) turns_.add(source);
}

void ReactorLoop::setWakes(Source& source, bool wakes) {
  epoll_event interest{};
  if (wakes) interest.events = EPOLLIN;
  interest.data.ptr = &source;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, source.descriptor(), &interest);
}

void ReactorLoop::wait(std::unique_lock<std::mutex>& turn, const Deadline& limit) {
  waitsUntil_ = timers_.nextDue();
  // With turns outstanding only a look: others may have become ready meanwhile.
  const int timeout = turns_.isEmpty() && !hasPosted_ ? earlier(Deadline::at(waitsUntil_), limit).pollTimeout() : 0;
  epoll_event ready[64];
  turn.unlock();
  const int count = ::epoll_wait(epoll_.get(), ready, 64, timeout);
  turn.lock();
  for (int i = 0; i < count; ++i) {
    auto* source = static_cast<Source*>(ready[i].data.ptr);
    if (source) {
      turns_.add(*source);
    } else {
      thread_.waker().drain();
      attendToSockets();
      if (stopFd_ >= 0 && Waker::isReadable(stopFd_)) thread_.stop();
    }
  }
}

/// The waker may have been woken for one of them.
void ReactorLoop::attendToSockets() {
  for (const auto& each : sources_) {
    try {
      each->attend();
    } catch (...) {
      onError_(currentError());
    }
  }
}

}  // namespace dividere::detail
