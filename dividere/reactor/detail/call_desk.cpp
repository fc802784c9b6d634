#include "call_desk.hpp"

#include <poll.h>

#include <utility>

#include "../../messaging/detail/codec.hpp"
#include "call_wire.hpp"

namespace dividere::detail {

CallDesk::CallDesk(const char* className, std::string who, std::int64_t maxMessageBytes, std::size_t maxCalls)
    : CallDispatch(className, std::move(who), maxCalls), maxMessageBytes_(maxMessageBytes) {
  door_->desk = this;
}

CallDesk::~CallDesk() { stop(); }

// --- A call begins ---

CallDesk::CallPtr CallDesk::prepare(const google::protobuf::Message& request, const CallTerms& terms,
                                    const CallOptions* options) {
  CallFields fields = requestFields(className_, terms, options);
  fields.asksFeatures = takeFeaturesQuestion();
  auto span = OpenSpan::begin(Span::Kind::client, currentTrace(), who(),
                              fields.method.empty() ? typeOf(request) : fields.method);
  const std::string trace = traceOf(span.get());
  fields.trace = trace;
  const std::string tail = fields.serialized();
  CallPtr call = prepare(encodeFrame(who(), request, {{}, tail}), tail.size(), terms);
  call->setSpan(std::move(span));
  return call;
}

CallDesk::CallPtr CallDesk::prepare(std::string_view bytes, const CallTerms& terms) {
  return prepare(Frame(bytes), 0, terms);
}

CallDesk::CallPtr CallDesk::prepare(Frame&& request, std::size_t tail, const CallTerms& terms) {
  fork_.require(className_);
  const auto size = static_cast<std::int64_t>(request.size());
  if (maxMessageBytes_ >= 0 && size > maxMessageBytes_) {
    throw Error(Errc::tooLarge, who() + ": a request of " + std::to_string(size) + " bytes");
  }
  return std::make_shared<PendingCall>(door_, nextNumber(), std::move(request), tail, terms);
}

void CallDesk::begin(const CallPtr& call) {
  if (isCurrent()) {  // where nobody else can wait for it: in a follower, as a rule
    if (!isDelivering() || isStopped() || !giveAtOnce(call)) post(call);
    return;
  }
  {
    const ReactorLoop::Visit visit(loop());
    Responder* const responder = visit ? giveAtOnce(call) : nullptr;
    if (responder) return loop().giveTurn(*responder->remote);
  }
  post(call);
}

/// Has the loop look at it: it begins, or has ended.
void CallDesk::post(const CallPtr& call) {
  // Under the lock: what is posted before stop() comes before its end of all calls.
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_ && call->hasEnded()) return;
  if (stopped_) throw Error(Errc::stopping, who());
  incoming_.push_back(call);
  if (incoming_.size() == 1) loop().post([this] { takeIncoming(); });
}

/// In the loop's thread: looks at what was posted.
void CallDesk::takeIncoming() {
  std::vector<CallPtr> incoming;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    incoming.swap(incoming_);
  }
  callsHaveCome(Clock::now());
  for (const CallPtr& call : incoming) lookAt(call);
  handOut();
}

// --- Waiting for a call ---

void CallDesk::requireWaitable() const {
  if (!loop().isCurrent()) return;
  throw Error(Errc::outOfTurn, who() + ": a callback must not wait for a call: use start()");
}

bool CallDesk::make(const CallPtr& call, const Interrupt* interrupt) {
  requireWaitable();
  const Waker& waker = Waker::ofThisThread();  // throws, if at all, before anything is begun
  Responder* own = nullptr;
  bool isBegun = false;
  {
    const ReactorLoop::Visit visit(loop());
    Responder* const responder = visit ? giveAtOnce(call) : nullptr;
    isBegun = responder != nullptr;
    if (responder) own = takeOverIfAlone(*responder);
  }
  if (!isBegun) post(call);
  return attendOrWait(call, own, waker, interrupt);
}

bool CallDesk::await(const CallPtr& call, const Interrupt* interrupt) {
  requireWaitable();
  const Waker& waker = Waker::ofThisThread();
  Responder* own = nullptr;
  {
    const ReactorLoop::Visit visit(loop());
    Responder* const holder = visit ? holderOf(*call) : nullptr;
    if (holder) own = takeOverIfAlone(*holder);
  }
  return attendOrWait(call, own, waker, interrupt);
}

bool CallDesk::attendOrWait(const CallPtr& call, Responder* own, const Waker& waker, const Interrupt* interrupt) {
  const CallTerms& terms = call->terms();
  const Deadline deadline = (terms.isTimed ? Deadline::never() : terms.deadline).unless(interrupt);
  if (own) {
    attend(*own, *call, waker, deadline);
  } else {
    call->wait(deadline);
  }
  const bool isInterrupted = interrupt && !call->hasEnded() && (terms.isTimed || !terms.deadline.passed());
  const bool endsHere =
      !call->hasEnded() && call->end(isInterrupted ? CallFailure{Errc::cancelled, {}} : outcomeInVain(*call));
  if (endsHere) post(call);
  call->wait(Deadline::never());  // whoever ended it may not yet have said how
  return !(isInterrupted && endsHere);
}

/// One that has no other call than this thread's needs no other thread. Null if it has.
Responder* CallDesk::takeOverIfAlone(Responder& responder) {
  const bool isAlone = responder.calls == 1 && !responder.isAttended;
  if (isAlone) {
    responder.isAttended = true;
    loop().setWakes(*responder.remote, false);
  }
  loop().giveTurn(*responder.remote);
  return isAlone ? &responder : nullptr;
}

/// Does what the loop would for this responder, until the call has ended or the deadline.
void CallDesk::attend(Responder& responder, PendingCall& call, const Waker& waker, const Deadline& deadline) {
  const int descriptor = responder.descriptor;
  for (;;) {
    call.addWaker(waker.fd());
    pollfd waits[] = {{descriptor, POLLIN, 0}, {waker.fd(), POLLIN, 0}, {deadline.interruptFd(), POLLIN, 0}};
    ::poll(waits, 3, deadline.pollTimeout());
    call.removeWaker(waker.fd());  // or to bring the reply would wake this thread
    if (waits[1].revents) waker.drain();
    const ReactorLoop::Visit visit(loop());
    if (!visit) break;
    // Once it is over there is no responder, nor its descriptor.
    if (!isOver()) loop().giveTurn(*responder.remote);
    if (!call.hasEnded() && !isOver() && !deadline.passed()) continue;
    return leave(responder);
  }
  loop().post([this, &responder] { leave(responder); });
  call.wait(deadline);
}

/// The responder, which a call's thread attended to, is the loop's again.
void CallDesk::leave(Responder& responder) {
  if (isOver()) return;
  responder.isAttended = false;
  loop().setWakes(*responder.remote, true);
  if (responder.calls == 0) isUnused(responder);
}

// --- A call ends from outside, or all do ---

void CallDesk::cancel(const CallPtr& call) {
  if (!call->end(CallFailure{Errc::cancelled, {}})) return;
  std::lock_guard<std::mutex> lock(call->door()->mutex);
  CallDesk* const desk = call->door()->desk;
  if (desk) desk->post(call);
}

void CallDesk::deliverSoon(const CallPtr& call) {
  {
    std::lock_guard<std::mutex> lock(call->door()->mutex);
    CallDesk* const desk = call->door()->desk;
    if (desk) return desk->post(call);
  }
  ErrorLog log;
  PendingCall::deliver(call, log);
}

void CallDesk::stop() {
  if (fork_.crossed()) return;
  {
    std::lock_guard<std::mutex> lock(door_->mutex);
    door_->desk = nullptr;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    loop().post([this] { endAll(); });
  }
  loop().stop();
}

bool CallDesk::endWith(std::function<void()> last) {
  if (fork_.crossed() || !loop().endWith(std::move(last))) return false;
  stop();
  return true;
}

void CallDesk::endAll() {
  setOver();
  takeIncoming();
  endAllCalls();
}

bool CallDesk::isStopped() {
  std::lock_guard<std::mutex> lock(mutex_);
  return stopped_;
}

void CallDesk::postBeforeEnd(std::function<void()> function) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) throw Error(Errc::stopping, who());
  loop().post(std::move(function));
}

}  // namespace dividere::detail
