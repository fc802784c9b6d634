#include "reactor_loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "../../core/detail/options.hpp"

namespace dividere::detail {

// Messages one socket may have handled before the others have their turn.
constexpr int kMessagesPerTurn = 64;

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

ReactorLoop::ReactorLoop(std::string who, ErrorSink onError) : who_(std::move(who)), onError_(std::move(onError)) {
  if (!onError_) onError_ = [this](const Error& error) { log_.write(who_, error); };
}

ReactorLoop::~ReactorLoop() {
  stop();
  sources_.clear();  // of a loop that was never started; before what their sockets' events are posted to
}

void ReactorLoop::requireNotStarted(const char* what) const {
  if (started_ && !thread_.isCurrent() && visitor_ != std::this_thread::get_id() && !(isHosted_ && !isAtWork_)) {
    throw Error(Errc::outOfTurn, who_ + ": " + what + " comes before start(), or in its own thread");
  }
}

/// Here, and not in the loop's thread, where nobody could catch it.
void ReactorLoop::requireUsable(Source& source) const {
  try {
    source.socket();
  } catch (const Error& error) {
    throw Error(error.code(), who_ + ": add: " + error.context());
  }
}

void ReactorLoop::add(std::unique_ptr<Source> source) {
  requireNotStarted("add()");
  Source& added = *source;
  requireUsable(added);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    sources_.push_back(std::move(source));
  }
  if (!started_) return;
  try {
    watch(added);
  } catch (...) {
    remove(added);
    throw;
  }
  if (isHosted_) thread_.waker().wake();
}

void ReactorLoop::remove(Source& source) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, source.descriptor(), nullptr);
  drop(source);
  std::replace(turns_.begin(), turns_.end(), &source, static_cast<Source*>(nullptr));
  sources_.erase(
      std::remove_if(sources_.begin(), sources_.end(), [&](const auto& each) { return each.get() == &source; }),
      sources_.end());
}

// Not for one that has its turn: whatever it does meanwhile, at the end it is known whether it may have more.
void Source::lookAgain() {
  if (loop_ && !hasTurn_) loop_->lookAgain(*this);
}

void ReactorLoop::lookAgain(Source& source) {
  if (source.isActive_) return;
  active_.push_back(&source);
  source.isActive_ = true;
}

/// It need not be looked at without a signal.
void ReactorLoop::drop(Source& source) {
  if (!source.isActive_) return;
  active_.erase(std::find(active_.begin(), active_.end(), &source));
  source.isActive_ = false;
}

void ReactorLoop::every(std::chrono::milliseconds period, std::function<void()> function) {
  requireNotStarted("every()");
  requireOption(period > std::chrono::milliseconds::zero(), who_.c_str(), "every: the period must be positive");
  period = clampedPeriod(period);
  timers_.push_back({period, Deadline::in(period).when(), std::move(function)});
  if (isHosted_) thread_.waker().wake();
}

void ReactorLoop::after(std::chrono::milliseconds delay, std::function<void()> function) {
  requireNotStarted("after()");
  timers_.push_back({std::chrono::milliseconds::zero(), Deadline::in(delay).when(), std::move(function)});
}

void ReactorLoop::prepare() {
  if (epoll_) return;
  OwnedDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) throw Error({errno, std::generic_category()}, who_ + ": epoll");
  epoll_ = std::move(epoll);
  watch(thread_.waker().fd(), nullptr);
}

/// In the thread that starts it, where what is wrong with a socket can be caught.
void ReactorLoop::open(std::string who) {
  fork_.require(who_ + ": start");
  if (started_) throw Error(Errc::outOfTurn, who_ + ": start() is called once");
  if (!who.empty()) who_ = std::move(who);
  prepare();
  if (stopFd_ >= 0) watch(stopFd_, nullptr);
  for (const auto& source : sources_) watch(*source);
  for (Timer& timer : timers_) timer.due = std::max(timer.due, Deadline::in(timer.period).when());
  std::lock_guard<std::mutex> lock(mutex_);
  started_ = true;
}

void ReactorLoop::start(std::string who) {
  open(std::move(who));
  thread_.start("dividere-loop", [this] {
    run();
    callLast();
  });
}

void ReactorLoop::runHere(std::string who, int stopFd) {
  stopFd_ = stopFd;
  open(std::move(who));
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
  if (!everStarted || isHosted_) stopHosted();
}

void ReactorLoop::post(std::function<void()> function) {
  if (fork_.crossed()) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (closed_) return;
    posted_.push_back(std::move(function));
    if (posted_.size() > 1) return;  // the thread has been told
  }
  if (thread_.isCurrent()) {
    hasPosted_ = true;
  } else {
    thread_.waker().wake();
  }
}

std::shared_ptr<Outgoing> ReactorLoop::outgoing(const std::string* endpoint) {
  const std::string who = who_ + ": sender";
  fork_.require(who);
  std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) throw Error(Errc::stopping, who);
  std::string known;
  for (auto source = sources_.rbegin(); source != sources_.rend(); ++source) {
    const std::string& its = (*source)->socket().endpoint();
    if (!endpoint || its == *endpoint) return (*source)->outgoing(*this);
    known += (known.empty() ? "" : ", ") + its;
  }
  if (known.empty()) known = "nothing was added";
  throw Error(Errc::badEndpoint, who + (endpoint ? ": not " + *endpoint + ", but " : ": ") + known);
}

bool ReactorLoop::endWith(std::function<void()> last) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (thread_.waitsFor() || !started_ || lastIsCalled_) return false;
  last_ = std::move(last);
  return true;
}

void ReactorLoop::callLast() {
  std::function<void()> last;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    last.swap(last_);
    lastIsCalled_ = true;
  }
  if (last) last();
}

void ReactorLoop::watch(int fd, Source* source) {
  epoll_event interest{};
  interest.events = EPOLLIN;
  interest.data.ptr = source;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &interest) != 0) {
    throw Error({errno, std::generic_category()}, who_ + ": epoll_ctl");
  }
}

void ReactorLoop::watch(Source& source) {
  watch(source.descriptor(), &source);
  source.loop_ = this;
  source.join(thread_.waker().fd());
  lookAgain(source);  // what came before it was watched gives no signal
}

void ReactorLoop::run() {
  std::unique_lock<std::mutex> turn(turn_);
  while (!thread_.stopRequested()) {
    callPosted();
    callDue();
    takeTurns();
    if (!thread_.stopRequested()) wait(turn);
  }
  end();
}

void ReactorLoop::end() {
  callPosted();
  active_.clear();
  close();
}

// --- in the thread of whoever calls runOnce() ---

bool ReactorLoop::runOnce(const Deadline& deadline) {
  fork_.require(who_ + ": runOnce");
  if (isAtWork_.exchange(true)) throw Error(Errc::outOfTurn, who_ + ": runOnce() is at work already");
  struct Work {
    ReactorLoop& loop;
    ~Work() {
      if (loop.isHosted_) loop.thread_.leaveCurrent();
      loop.isAtWork_ = false;
      loop.rests_.ring();
    }
  } const work{*this};
  if (!thread_.stopRequested()) requireHosted();
  if (isHosted_) thread_.adoptCurrent();
  const bool ranAny = !thread_.stopRequested() && runHosted(deadline);
  if (thread_.stopRequested()) {
    thread_.waker().drain();  // nothing is left to do
    endHosted();
  }
  return ranAny;
}

void ReactorLoop::requireHosted() {
  if (isHosted_) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (started_) throw Error(Errc::outOfTurn, who_ + ": runOnce() after start()");
  }
  open({});
  isHosted_ = true;
}

bool ReactorLoop::runHosted(const Deadline& deadline) {
  std::unique_lock<std::mutex> turn(turn_);
  ran_ = 0;
  do {
    wait(turn, deadline);
    callPosted();
    callDue();
    takeTurns();
  } while (ran_ == 0 && !thread_.stopRequested() && !deadline.passed());
  waitsUntil_ = nextDue();
  if (alarm_) alarm_->set(waitsUntil_);
  if (!active_.empty() || hasPosted_) thread_.waker().wake();
  return ran_ > 0;
}

/// Whoever is at work ends it, if this is called from there.
void ReactorLoop::stopHosted() {
  if (isAtWork_.exchange(true)) {
    if (!thread_.waitsFor()) return;
    rests_.wait([this] { return !isAtWork_.exchange(true); }, Deadline::never());
  }
  endHosted();
  isAtWork_ = false;
  rests_.ring();
}

void ReactorLoop::endHosted() {
  if (!isHosted_) return close();  // from now on it will not be
  std::lock_guard<std::mutex> turn(turn_);
  thread_.adoptCurrent();
  end();
  thread_.leaveCurrent();
}

int ReactorLoop::descriptor() {
  fork_.require(who_ + ": descriptor");
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (started_ && !isHosted_) throw Error(Errc::outOfTurn, who_ + ": descriptor() after start()");
  }
  prepare();
  if (!alarm_) {
    alarm_.emplace();
    watch(alarm_->fd(), nullptr);
    if (!thread_.stopRequested()) thread_.waker().wake();  // for what there is by now
  }
  return epoll_.get();
}

// --- what a loop does ---

void ReactorLoop::close() {
  // Let go without the lock: what these hold is the user's, and may call post() as it goes.
  std::vector<std::function<void()>> late;
  std::vector<std::unique_ptr<Source>> sources;
  std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  late.swap(posted_);
  sources.swap(sources_);
}

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
  // By index: a function may add timers.
  for (std::size_t i = 0; i < timers_.size() && !thread_.stopRequested(); ++i) {
    const auto now = Clock::now();
    if (timers_[i].due > now) continue;
    const auto function = timers_[i].function;
    if (timers_[i].period == std::chrono::milliseconds::zero()) {
      timers_.erase(timers_.begin() + static_cast<std::ptrdiff_t>(i--));
      call(function, "a timer's function");
      continue;
    }
    call(function, "a timer's function");
    // What the function itself, or others before it, made late is not made up for.
    Timer& timer = timers_[i];
    timer.due += timer.period;
    const auto after = Clock::now();
    if (timer.due <= after) timer.due = after + timer.period;
  }
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
  turns_.clear();
  turns_.swap(active_);
  for (Source* source : turns_) source->isActive_ = false;
  // By reference: a source that is removed while another has its turn becomes null here.
  for (Source*& source : turns_) {
    if (source && takeTurn(*source)) lookAgain(*source);
  }
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
  timers_.push_back({std::chrono::milliseconds::zero(), due, [this, &source] {
                       const bool isThere = std::any_of(sources_.begin(), sources_.end(),
                                                        [&](const auto& each) { return each.get() == &source; });
                       if (!isThere) return;
                       source.alarm_ = Clock::time_point::max();
                       lookAgain(source);
                     }});
}

void ReactorLoop::takeAll(Source& source) {
  while (!thread_.stopRequested() && takeTurn(source)) {
  }
}

void ReactorLoop::giveTurn(Source& source) {
  drop(source);
  if (takeTurn(source)) lookAgain(source);
}

void ReactorLoop::setWakes(Source& source, bool wakes) {
  epoll_event interest{};
  if (wakes) interest.events = EPOLLIN;
  interest.data.ptr = &source;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, source.descriptor(), &interest);
}

ReactorLoop::Clock::time_point ReactorLoop::nextDue() const {
  auto due = Clock::time_point::max();
  for (const Timer& timer : timers_) due = std::min(due, timer.due);
  return due;
}

void ReactorLoop::wait(std::unique_lock<std::mutex>& turn, const Deadline& limit) {
  waitsUntil_ = nextDue();
  // With turns outstanding only a look: others may have become ready meanwhile.
  const int timeout = active_.empty() && !hasPosted_ ? earlier(Deadline::at(waitsUntil_), limit).pollTimeout() : 0;
  epoll_event ready[64];
  turn.unlock();
  const int count = ::epoll_wait(epoll_.get(), ready, 64, timeout);
  turn.lock();
  for (int i = 0; i < count; ++i) {
    auto* source = static_cast<Source*>(ready[i].data.ptr);
    if (source) {
      lookAgain(*source);
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
