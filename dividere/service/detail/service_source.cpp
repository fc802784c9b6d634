#include "service_source.hpp"

#include <poll.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "../../core/detail/never_destroyed.hpp"
#include "../../messaging/detail/framework_messages.hpp"

namespace dividere::detail {

// What one look takes in.
constexpr int kMostNews = 100;
// How soon after a look there may be another, between requests that take no time: one that finds nothing is a system call.
constexpr std::chrono::microseconds kLookPause{100};
// Requests that wait here, beside those that libzmq holds.
constexpr std::size_t kMostWaiting = 1000;
// Longer ones are no CancelCall and no Credit.
constexpr std::size_t kLongestControl = 128;

ServiceSource::ServiceSource(const service::ServiceOptions& options, HandlerTable& handlers, ReactorLoop& loop,
                             HandlerPool* pool)
    : RouterSource(kService, options.socket, handlers), pool_(pool), late_(std::make_shared<LateReplies>(loop, *this)) {
  if (socket().bindToFirstFree(options.firstPort, options.lastPort)) return;
  throw Error(Errc::noFreePort, std::string(kService) + ": bind one of the ports [" +
                                    std::to_string(options.firstPort) + ", " + std::to_string(options.lastPort) + "]");
}

/// The way back of a message that is not the one being handled.
class WaitingOrigin final : public Origin {
 public:
  WaitingOrigin(ServiceSource& source, const connection::Route& route) : source_(source) { route_ = route; }
  bool owesReply() const override { return true; }
  bool wantsErrors() const override { return !route_.empty(); }

 private:
  void send(Frame& frame) override { source_.sendTo(route_, frame); }

  ServiceSource& source_;
};

bool ServiceSource::hasMessage() {
  sendKept();
  countWaiting();
  if (!pool_ && !waiting_.empty()) return true;
  if (waiting_.size() < kMostWaiting) return socket().ready();
  socket().decline();  // until the pool has room again
  return false;
}

void ServiceSource::take() {
  if (!pool_) return takeHere();
  HandlerPool::Job job;
  if (!takeIn(job)) return;
  // Those that the pool has no room for are taken in all the same: there may be a CancelCall behind them.
  if (waiting_.empty() && !pool_->isFull()) return pool_->add(std::move(job));
  waiting_.push_back(std::move(job));
  fillPool();
}

void ServiceSource::fillPool() {
  const bool wasFull = waiting_.size() >= kMostWaiting;
  for (; !waiting_.empty() && !pool_->isFull(); waiting_.pop_front()) pool_->add(std::move(waiting_.front()));
  if (wasFull) lookAgain();
}

// In this thread a handler keeps all else from coming. What has come by its end is looked through before the next one runs:
// it may have been given up meanwhile. A request that cannot be, or that comes right after a look, takes no such way round.
void ServiceSource::takeHere() {
  const bool isLookDue = Clock::now() - lookedAt_ >= kLookPause;
  if (waiting_.empty()) {
    HandlerPool::Job job;
    if (!takeIn(job)) return;
    if (!isLookDue || !job.terms.mayEnd) return handle(job);
    waiting_.push_back(std::move(job));
  }
  if (isLookDue) takeNews();
  if (waiting_.empty()) return;
  HandlerPool::Job job = std::move(waiting_.front());
  waiting_.pop_front();
  handle(job);
}

// Also for a handler that asks whether it is cancelled.
void ServiceSource::takeNews() {
  sendKept();
  if (!pool_ && callers_) callers_->takeNews();
  for (int i = 0; i < kMostNews && waiting_.size() < kMostWaiting && socket().ready(); ++i) {
    HandlerPool::Job job;
    if (takeIn(job)) waiting_.push_back(std::move(job));
  }
  lookedAt_ = Clock::now();
  countWaiting();
}

/// Whether it is a request.
bool ServiceSource::takeIn(HandlerPool::Job& job) {
  try {
    job.body = std::move(receive(job.route));
    if (socket().isSecured()) job.peer = socket().peerOf(job.body);
  } catch (const Error& error) {
    WaitingOrigin origin(*this, job.route);
    handlers().refuseUntaken(origin, error);
    return false;
  }
  if (takeControl(job) || takeQuestion(job.route, job.body)) return false;
  CallFields fields;
  if (readCallFields(job.body.view(), fields)) job.terms = RequestTerms(fields);
  if (fields.asksFeatures) tellFeatures(job.route);
  return true;
}

/// Whether it is about another request, of the same route. Those have a correlation frame behind the peer's name.
bool ServiceSource::takeControl(const HandlerPool::Job& job) {
  static NeverDestroyed<std::string> cancels(envelopePrefix(CancelCall::kType)), credits(envelopePrefix(Credit::kType));
  const std::string_view bytes = job.body.view();
  const auto begins = [&](const std::string& prefix) { return bytes.substr(0, prefix.size()) == prefix; };
  if (job.route.size() < 2 || bytes.size() > kLongestControl || (!begins(*cancels) && !begins(*credits))) return false;
  if (begins(*cancels)) {
    cancel(job.route);
  } else {
    Credit credit;
    if (credit.decode(openEnvelope(kService, bytes).payload)) addCredit(job.route, credit.parts);
  }
  return true;
}

void ServiceSource::cancel(const connection::Route& route) {
  const auto isOfRoute = [&](const HandlerPool::Job& job) { return job.route == route; };
  const auto first = std::remove_if(waiting_.begin(), waiting_.end(), isOfRoute);
  auto waited = static_cast<std::size_t>(waiting_.end() - first);
  waiting_.erase(first, waiting_.end());
  if (pool_) {
    waited += pool_->cancel(route);
    fillPool();
  } else if (isHandling_ && !isDeferred() && route_ == route) {
    sharedControl()->cancel();
  }
  handlers().countCancelled(waited);
  late_->reach(route, [](CallControl& control) { control.cancel(); });
}

void ServiceSource::addCredit(const connection::Route& route, std::uint32_t parts) {
  if (pool_ && pool_->addCredit(route, parts)) return;  // also one that is deferred, until its handler returns
  if (!pool_ && isHandling_ && !isDeferred() && route_ == route) sharedControl()->addCredit(parts);
  late_->reach(route, [parts](CallControl& control) { control.addCredit(parts); });
}

void ServiceSource::sendPart(Frame& frame) {
  const SendResult result = sendTo(route_, frame);
  if (result == SendResult::gone) return sharedControl()->cancel();  // there will be no credit for the next one
  if (result == SendResult::sent) return;
  throw Error(Errc::overloaded, socket().who() + ": sendPart: the peer does not read what it has got");
}

// A stream that has lost a part does not go on, and has no reply; nor has one whose caller is gone.
void ServiceSource::sendFor(const connection::Route& route, Frame& frame) {
  if (sendTo(route, frame) != SendResult::sent) cancel(route);
}

// The handler's thread is the one that takes credit in.
CallControl::Credit ServiceSource::takeCredit(std::uint32_t& part) {
  const Deadline deadline = terms().deadline;
  for (;;) {
    takeNews();
    const auto credit = sharedControl()->takeCredit(Deadline::longAgo(), part);
    if (credit != CallControl::Credit::none || deadline.passed()) return credit;
    if (waiting_.size() >= kMostWaiting) {
      throw Error(Errc::overloaded, socket().who() + ": sendPart: too many requests wait to see credit behind them");
    }
    if (followCaller()) continue;
    const auto next = std::min(due(), callers_->nextLook());
    if (!awaitNews(earlier(deadline, Deadline::at(next)))) sharedControl()->stopWaiting();
  }
}

/// False if the service is being stopped.
bool ServiceSource::awaitNews(const Deadline& deadline) {
  if (socket().ready()) return true;  // more than one look takes in
  Waker& waker = Waker::ofThisThread();
  if (!wait_->begin(waker.fd()) || callers_->hasNews()) return wait_->end();
  pollfd waits[] = {{socket().descriptor(), POLLIN, 0}, {waker.fd(), POLLIN, 0}};
  ::poll(waits, 2, deadline.pollTimeout());
  const bool goesOn = wait_->end();
  waker.drain();
  socket().refresh();
  return goesOn;
}

void HandlerWait::stop() {
  std::lock_guard<std::mutex> lock(mutex_);
  isStopping_ = true;
  if (wakes_ >= 0) Waker::wake(wakes_);
}

void HandlerWait::wake() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (wakes_ >= 0) Waker::wake(wakes_);
}

bool HandlerWait::begin(int waker) {
  std::lock_guard<std::mutex> lock(mutex_);
  wakes_ = waker;
  return !isStopping_;
}

bool HandlerWait::end() {
  std::lock_guard<std::mutex> lock(mutex_);
  wakes_ = -1;
  return !isStopping_;
}

CallerWatch* ServiceSource::callerWatch() {
  std::call_once(watchesCallers_, [this] { callers_.emplace(socket(), *loop(), [this] { wait_->wake(); }); });
  return &*callers_;
}

void ServiceSource::handle(HandlerPool::Job& job) {
  newMessage();
  if (!sharedControl()) setControl(std::make_shared<CallControl>());
  route_ = std::move(job.route);
  peer_ = std::move(job.peer);
  setTerms(job.terms);
  isHandling_ = true;
  dispatch(job.body);
  isHandling_ = false;
}

// At once, so that whoever asked can make use of it while its handler runs.
void ServiceSource::tellFeatures(const connection::Route& route) {
  Features told;
  told.features = kServiceFeatures;
  Frame frame{std::string_view(sealEnvelope(Features::kType, told.encode()))};
  sendTo(route, frame);
}

void ServiceSource::refuseRest(const std::string& who) {
  std::vector<connection::Route> routes = late_->close();
  const auto add = [&](std::deque<HandlerPool::Job> jobs) {
    for (HandlerPool::Job& job : jobs) routes.push_back(std::move(job.route));
  };
  if (pool_) add(pool_->takeRest());
  add(std::exchange(waiting_, {}));
  refuseAll(std::move(routes), Error(Errc::stopping, who));
}

PooledOrigin::PooledOrigin(HandlerPool::Job& job, ReactorLoop& loop, ServiceSource& source)
    : job_(job), loop_(loop), source_(source) {
  route_ = std::move(job.route);
  setTerms(job.terms);
  setControl(job.control);
  comesBy(job.body);
  peer_ = std::move(job.peer);
}

PooledOrigin::~PooledOrigin() {
  job_.route = std::move(route_);  // the pool finds a job by it until it has its next one
  job_.isDeferred = isDeferred();
}

void PooledOrigin::send(Frame& frame) {
  if (isReplied()) {
    throw Error(Errc::outOfTurn, std::string(kService) + ": send: this request has had its reply");
  }
  post(frame);
}

void PooledOrigin::post(Frame& frame) {
  source_.socket().requireSendable(frame.size());
  loop_.post([source = &source_, route = route_, shared = std::make_shared<Frame>(std::move(frame))] {
    source->sendFor(route, *shared);
  });
}

}  // namespace dividere::detail
