#include "reactor_loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "../../core/detail/options.hpp"

namespace dividere::detail {

ReactorLoop::Visit::Visit(ReactorLoop& loop)
    : loop_(loop), succeeded_(!CallbackScope::isInside() && loop.turn_.try_lock()) {
  if (!succeeded_) return;
  loop_.visitor_ = std::this_thread::get_id();
  scope_.emplace();  // whoever is told of something here, in the log, may stop the loop
}

ReactorLoop::Visit::~Visit() {
  if (!succeeded_) return;
  const bool isDue = !loop_.turns_.isEmpty() || loop_.timers_.nextDue() < loop_.waitsUntil_;
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
  turns_.remove(source);
  sources_.erase(
      std::remove_if(sources_.begin(), sources_.end(), [&](const auto& each) { return each.get() == &source; }),
      sources_.end());
}

// Not for one that has its turn: whatever it does meanwhile, at the end it is known whether it may have more.
void Source::lookAgain() {
  if (loop_ && !hasTurn_) loop_->turns_.add(*this);
}

void ReactorLoop::every(std::chrono::milliseconds period, std::function<void()> function) {
  requireNotStarted("every()");
  requireOption(period > std::chrono::milliseconds::zero(), who_.c_str(), "every: the period must be positive");
  timers_.every(clampedPeriod(period), std::move(function));
  if (isHosted_) thread_.waker().wake();
}

void ReactorLoop::after(std::chrono::milliseconds delay, std::function<void()> function) {
  requireNotStarted("after()");
  timers_.at(Deadline::in(delay).when(), std::move(function));
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
  timers_.restart();
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
  turns_.add(source);  // what came before it was watched gives no signal
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
  turns_.clear();
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

}  // namespace dividere::detail
