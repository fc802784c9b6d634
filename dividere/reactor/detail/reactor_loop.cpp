#include "reactor_loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/options.hpp"

namespace dividere::detail {

using namespace std::chrono_literals;

// Messages one socket may have handled before the others have their turn.
constexpr int kTurn = 64;

ReactorLoop::Visit::Visit(ReactorLoop& loop)
    : loop_(loop), succeeded_(!CallbackScope::isInside() && loop.turn_.try_lock()) {
  if (!succeeded_) return;
  loop_.visitor_ = std::this_thread::get_id();
  scope_.emplace();  // whoever is told of something here, in the log, may stop the loop
}

ReactorLoop::Visit::~Visit() {
  if (!succeeded_) return;
  const bool isDue = !loop_.active_.empty() || loop_.nextDue() < loop_.waitsUntil_;
  scope_.reset();
  loop_.visitor_ = std::thread::id();
  loop_.turn_.unlock();
  if (isDue) loop_.thread_.waker().wake();
}

ReactorLoop::~ReactorLoop() {
  stop();
  sources_.clear();  // of a loop that was never started; before what their sockets' events are posted to
  if (epoll_ >= 0) ::close(epoll_);
}

void ReactorLoop::requireNotStarted(const char* what) const {
  if (started_ && !thread_.isCurrent() && visitor_ != std::this_thread::get_id()) {
    throw Error(Errc::outOfTurn, std::string("reactor: ") + what + " comes before start(), or in the reactor's thread");
  }
}

void ReactorLoop::add(std::unique_ptr<Source> source) {
  requireNotStarted("add()");
  {
    std::lock_guard<std::mutex> lock(mutex_);
    sources_.push_back(std::move(source));
  }
  if (started_) watch(sources_.back()->socket().descriptor(), sources_.back().get());
}

void ReactorLoop::remove(Source& source) {
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, source.socket().descriptor(), nullptr);
  active_.erase(std::remove(active_.begin(), active_.end(), &source), active_.end());
  std::replace(turns_.begin(), turns_.end(), &source, static_cast<Source*>(nullptr));
  sources_.erase(
      std::remove_if(sources_.begin(), sources_.end(), [&](const auto& each) { return each.get() == &source; }),
      sources_.end());
}

void ReactorLoop::lookAgain(Source& source) {
  if (std::find(active_.begin(), active_.end(), &source) == active_.end()) active_.push_back(&source);
}

void ReactorLoop::every(std::chrono::milliseconds period, std::function<void()> function) {
  requireNotStarted("every()");
  requireOption(period > 0ms, "reactor: every()", "the period is to be more than nothing");
  period = reckonable(period);
  timers_.push_back({period, Deadline::in(period).when(), std::move(function)});
}

void ReactorLoop::after(std::chrono::milliseconds delay, std::function<void()> function) {
  requireNotStarted("after()");
  timers_.push_back({0ms, Deadline::in(delay).when(), std::move(function)});
}

void ReactorLoop::seal(const char* who) {
  if (started_) throw Error(Errc::outOfTurn, std::string(who) + ": start() is called once");
  handlers_.seal(who);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    started_ = true;
  }
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) throw Error({errno, std::generic_category()}, std::string(who) + ": epoll");
  for (Timer& timer : timers_) timer.due = std::max(timer.due, Deadline::in(timer.period).when());
}

void ReactorLoop::start(const char* who) {
  seal(who);
  thread_.start("dividere-loop", [this] { run(); });
}

void ReactorLoop::runHere(const char* who, int stopFd) {
  seal(who);
  stopFd_ = stopFd;
  thread_.adoptCurrent();
  run();
}

void ReactorLoop::stop() {
  if (fork_.crossed()) return;  // its lock may have been held at the fork
  thread_.stop();
  bool everStarted;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    everStarted = started_;
  }
  if (!everStarted) close();  // from now on it will not be
}

void ReactorLoop::post(std::function<void()> function) {
  if (fork_.crossed()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    posted_.push_back(std::move(function));
  }
  thread_.waker().wake();
}

void ReactorLoop::watch(int fd, Source* source) {
  epoll_event interest{};
  interest.events = EPOLLIN;
  interest.data.ptr = source;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &interest);
  if (!source) return;
  source->socket().wakeWith(thread_.waker().fd());
  active_.push_back(source);  // what came before it was watched gives no signal
}

void ReactorLoop::run() {
  watch(thread_.waker().fd(), nullptr);
  if (stopFd_ >= 0) watch(stopFd_, nullptr);
  std::unique_lock<std::mutex> turn(turn_);
  for (const auto& source : sources_) watch(source->socket().descriptor(), source.get());
  while (!thread_.stopRequested()) {
    runPosted();
    runTimers();
    takeTurns();
    if (!thread_.stopRequested()) wait(turn);
  }
  runPosted();
  active_.clear();
  close();
}

void ReactorLoop::close() {
  // Let go without the lock: what these hold is the user's, and may call post() as it goes.
  std::vector<std::function<void()>> late;
  std::vector<std::unique_ptr<Source>> sources;
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  late.swap(posted_);
  sources.swap(sources_);
}

void ReactorLoop::runPosted() {
  std::vector<std::function<void()>> functions;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    functions.swap(posted_);
  }
  for (const auto& function : functions) handlers_.run(function, "a posted function");
}

void ReactorLoop::runTimers() {
  // By index: a function may add timers.
  for (std::size_t i = 0; i < timers_.size() && !thread_.stopRequested(); ++i) {
    const auto now = Clock::now();
    if (timers_[i].due > now) continue;
    const auto function = timers_[i].function;
    if (timers_[i].period == 0ms) {
      timers_.erase(timers_.begin() + static_cast<std::ptrdiff_t>(i--));
      handlers_.run(function, "a timer's function");
      continue;
    }
    handlers_.run(function, "a timer's function");
    // What the function itself, or others before it, made late is not made up for.
    Timer& timer = timers_[i];
    timer.due += timer.period;
    const auto after = Clock::now();
    if (timer.due <= after) timer.due = after + timer.period;
  }
}

void ReactorLoop::takeTurns() {
  turns_.clear();
  turns_.swap(active_);
  // By index: a source may be removed while another has its turn.
  for (std::size_t i = 0; i < turns_.size(); ++i) {
    if (turns_[i] && takeTurn(*turns_[i])) lookAgain(*turns_[i]);
  }
}

/// Whether there may be more.
bool ReactorLoop::takeTurn(Source& source) {
  for (int count = 0; count < kTurn; ++count) {
    if (thread_.stopRequested()) return true;
    try {
      if (!source.hasMessage()) return false;
      source.take(handlers_);
    } catch (const Error& error) {
      handlers_.refuseMalformed(source, error);
    } catch (const std::exception& error) {
      handlers_.refuseMalformed(source, Error(std::make_error_code(std::errc::not_enough_memory), error.what()));
    }
  }
  return true;
}

void ReactorLoop::drain(Source& source) {
  while (!thread_.stopRequested() && takeTurn(source)) {
  }
}

void ReactorLoop::serve(Source& source) {
  active_.erase(std::remove(active_.begin(), active_.end(), &source), active_.end());
  if (takeTurn(source)) lookAgain(source);
}

void ReactorLoop::listen(Source& source, bool does) {
  epoll_event interest{};
  if (does) interest.events = EPOLLIN;
  interest.data.ptr = &source;
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, source.socket().descriptor(), &interest);
}

ReactorLoop::Clock::time_point ReactorLoop::nextDue() const {
  auto due = Clock::time_point::max();
  for (const Timer& timer : timers_) due = std::min(due, timer.due);
  return due;
}

void ReactorLoop::wait(std::unique_lock<std::mutex>& turn) {
  waitsUntil_ = nextDue();
  // With turns outstanding only a look: others may have become ready meanwhile.
  const int timeout = active_.empty() ? Deadline::at(waitsUntil_).pollTimeout() : 0;
  epoll_event ready[64];
  turn.unlock();
  const int count = ::epoll_wait(epoll_, ready, 64, timeout);
  turn.lock();
  for (int i = 0; i < count; ++i) {
    auto* source = static_cast<Source*>(ready[i].data.ptr);
    if (source) {
      lookAgain(*source);
      continue;
    }
    thread_.waker().drain();
    for (const auto& each : sources_) {
      if (each->socket().attend()) lookAgain(*each);
    }
    if (stopFd_ >= 0 && Waker::isReadable(stopFd_)) thread_.stop();
  }
}

}  // namespace dividere::detail
