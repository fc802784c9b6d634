#include "call_desk.hpp"

#include <poll.h>

#include <algorithm>
#include <optional>

#include "../../core/detail/never_destroyed.hpp"
#include "../../core/detail/options.hpp"
#include "../../messaging/detail/call_fields.hpp"
#include "../../messaging/detail/codec.hpp"
#include "../../messaging/detail/framework_messages.hpp"

namespace dividere::detail {

/// What the bytes say of their sender; nothing if they say no such thing.
static std::optional<Features> readFeatures(std::string_view bytes) {
  static NeverDestroyed<std::string> prefix(envelopePrefix(Features::kType));
  if (bytes.substr(0, prefix->size()) != *prefix) return std::nullopt;
  try {
    std::optional<Features> told(std::in_place);
    if (told->decode(openEnvelope({}, bytes).payload)) return told;
  } catch (const Error&) {  // it begins as one, and is none
  }
  return std::nullopt;
}

CallDesk::CallDesk(const char* className, std::string who, std::int64_t maxMessageBytes, std::size_t maxCalls)
    : className_(className),
      door_(std::make_shared<CallDoor>()),
      maxMessageBytes_(maxMessageBytes),
      maxCalls_(maxCalls),
      loop_(className) {
  door_->who = std::move(who);
  door_->desk = this;
}

CallDesk::~CallDesk() { stop(); }

void CallDesk::stop() {
  if (fork_.crossed()) return;
  {
    std::lock_guard<std::mutex> lock(door_->mutex);
    door_->desk = nullptr;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    loop_.post([this] { endAll(); });
  }
  loop_.stop();
}

bool CallDesk::endWith(std::function<void()> last) {
  if (fork_.crossed() || !loop_.endWith(std::move(last))) return false;
  stop();
  return true;
}

// --- Making a call, in any thread ---

CallDesk::CallPtr CallDesk::prepare(const google::protobuf::Message& request, const CallTerms& terms,
                                    const CallOptions* options) {
  CallFields fields;
  fields.timeoutMs = timeLeft(terms.deadline);
  // One asks at a time: each that does is replied to twice.
  fields.asksFeatures = asksFeatures_.load(std::memory_order_relaxed) && asksFeatures_.exchange(false);
  fields.notRepeatable = !terms.isRepeatable;
  fields.takesParts = terms.takesParts;
  if (options) {
    requireOption(options->method.size() <= kLongestMethod, className_, "a method's name must be at most 255 bytes");
    fields.method = options->method;
    fields.priority = options->priority;
  }
  auto span = OpenSpan::begin(Span::Kind::client, currentTrace(), door_->who,
                              fields.method.empty() ? typeOf(request) : fields.method);
  const std::string trace = traceOf(span.get());
  fields.trace = trace;
  const std::string tail = fields.serialized();
  CallPtr call = prepare(encodeFrame(door_->who, request, {{}, tail}), tail.size(), terms);
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
    throw Error(Errc::tooLarge, door_->who + ": a request of " + std::to_string(size) + " bytes");
  }
  const std::uint64_t number = lastNumber_.fetch_add(1, std::memory_order_relaxed) + 1;
  return std::make_shared<PendingCall>(door_, number, std::move(request), tail, terms);
}

void CallDesk::begin(const CallPtr& call) {
  if (loop_.isCurrent()) return post(call);  // in a follower
  {
    const ReactorLoop::Visit visit(loop_);
    Responder* const responder = visit ? beginHere(call) : nullptr;
    if (responder) return loop_.giveTurn(*responder->remote);
  }
  post(call);
}

void CallDesk::requireWaitable() const {
  if (!loop_.isCurrent()) return;
  throw Error(Errc::outOfTurn, door_->who + ": a callback must not wait for a call: use start()");
}

void CallDesk::make(const CallPtr& call) {
  requireWaitable();
  const Waker& waker = Waker::ofThisThread();  // throws, if at all, before anything is begun
  Responder* own = nullptr;
  bool isBegun = false;
  {
    const ReactorLoop::Visit visit(loop_);
    Responder* const responder = visit ? beginHere(call) : nullptr;
    isBegun = responder != nullptr;
    if (responder) own = takeOverIfAlone(*responder);
  }
  if (!isBegun) post(call);
  attendOrWait(call, own, waker);
}

void CallDesk::await(const CallPtr& call) {
  requireWaitable();
  const Waker& waker = Waker::ofThisThread();
  Responder* own = nullptr;
  {
    const ReactorLoop::Visit visit(loop_);
    const auto found = visit && !call->hasEnded() ? entries_.find(call->number()) : entries_.end();
    if (found != entries_.end() && found->second.at) own = takeOverIfAlone(*found->second.at);
  }
  attendOrWait(call, own, waker);
}

void CallDesk::attendOrWait(const CallPtr& call, Responder* own, const Waker& waker) {
  const CallTerms& terms = call->terms();
  const Deadline deadline = terms.isTimed ? Deadline::never() : terms.deadline;
  if (own) {
    attend(*own, *call, waker, deadline);
  } else {
    call->wait(deadline);
  }
  if (!call->hasEnded() && call->end(outcomeInVain(*call))) post(call);
  call->wait(Deadline::never());  // whoever ended it may not yet have said how
}

/// Gives the call out in this thread, which saves waking another one. Null if the loop has to do it. In a Visit.
Responder* CallDesk::beginHere(const CallPtr& call) {
  const auto now = Clock::now();
  if (isOver_ || !waiting_.empty() || entries_.size() >= maxCalls_ || !isReady(now)) return nullptr;
  Responder* const responder = choose(*call, nullptr);
  if (!responder) return nullptr;
  Entry& entry = enter(call, now);
  if (give(entry, *responder)) return responder;
  remove(entry);
  call->isKnown = false;
  return nullptr;
}

/// One that has no other call than this thread's needs no other thread. Null if it has.
Responder* CallDesk::takeOverIfAlone(Responder& responder) {
  const bool isAlone = responder.calls == 1 && !responder.isAttended;
  if (isAlone) {
    responder.isAttended = true;
    loop_.setWakes(*responder.remote, false);
  }
  loop_.giveTurn(*responder.remote);
  return isAlone ? &responder : nullptr;
}

/// Has the loop look at it: it begins, or has ended.
void CallDesk::post(const CallPtr& call) {
  // Under the lock: what is posted before stop() comes before its end of all calls.
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_ && call->hasEnded()) return;
  if (stopped_) throw Error(Errc::stopping, door_->who);
  incoming_.push_back(call);
  if (incoming_.size() == 1) loop_.post([this] { takeIncoming(); });
}

bool CallDesk::isStopped() {
  std::lock_guard<std::mutex> lock(mutex_);
  return stopped_;
}

void CallDesk::postBeforeEnd(std::function<void()> function) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) throw Error(Errc::stopping, door_->who);
  loop_.post(std::move(function));
}

/// Does what the loop would for this responder, until the call has ended or the deadline.
void CallDesk::attend(Responder& responder, PendingCall& call, const Waker& waker, const Deadline& deadline) {
  const int descriptor = responder.descriptor;
  for (;;) {
    call.addWaker(waker.fd());
    pollfd waits[] = {{descriptor, POLLIN, 0}, {waker.fd(), POLLIN, 0}};
    ::poll(waits, 2, deadline.pollTimeout());
    call.removeWaker(waker.fd());  // or to bring the reply would wake this thread
    if (waits[1].revents) waker.drain();
    const ReactorLoop::Visit visit(loop_);
    if (!visit) break;
    // Once it is over there is no responder, nor its descriptor.
    if (!isOver_) loop_.giveTurn(*responder.remote);
    if (!call.hasEnded() && !isOver_ && !deadline.passed()) continue;
    return leave(responder);
  }
  loop_.post([this, &responder] { leave(responder); });
  call.wait(deadline);
}

/// The responder, which a call's thread attended to, is the loop's again.
void CallDesk::leave(Responder& responder) {
  if (isOver_) return;
  responder.isAttended = false;
  loop_.setWakes(*responder.remote, true);
  if (responder.calls == 0) isUnused(responder);
}

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

// --- Giving calls out, in the loop's thread ---

void CallDesk::takeIncoming() {
  std::vector<CallPtr> incoming;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    incoming.swap(incoming_);
  }
  const auto now = Clock::now();
  callsHaveCome(now);
  for (const CallPtr& call : incoming) lookAt(call);
  handOut();
}

/// It begins, or has ended in another thread.
void CallDesk::lookAt(const CallPtr& call) {
  if (!call->isKnown) {
    call->isKnown = true;
    if (call->hasEnded()) return finish(call);
    if (isOver_) call->end(CallFailure{Errc::stopping, {}});
    if (entries_.size() >= maxCalls_)
      call->end(CallFailure{Errc::overloaded, std::to_string(maxCalls_) + " calls are under way"});
    if (call->hasEnded()) return finish(call);
    const auto now = Clock::now();
    call->waitFrom(now);
    return enqueue(enter(call, now), false);
  }
  const auto found = entries_.find(call->number());
  if (found == entries_.end()) return finish(call);
  if (call->hasEnded()) return abandon(found->second);
  finish(call);  // its parts have handlers now
  giveCredit(found->second);
}

CallDesk::Entry& CallDesk::enter(const CallPtr& call, Clock::time_point now) {
  call->isKnown = true;
  Entry& entry = entries_[call->number()];
  entry.call = call;
  entry.waits = waiting_.end();
  hasBegun(*call, now);
  setDue(entry);
  return entry;
}

void CallDesk::enqueue(Entry& entry, bool isFirst) {
  entry.waits = waiting_.insert(isFirst ? waiting_.begin() : waiting_.end(), &entry);
}

void CallDesk::handOut() {
  if (isOver_) return;
  while (!waiting_.empty()) {
    Entry& entry = *waiting_.front();
    Responder* const responder = choose(*entry.call, nullptr);
    if (!responder || !give(entry, *responder)) break;
  }
  if (!waiting_.empty()) lacksResponder();
}

bool CallDesk::give(Entry& entry, Responder& responder) {
  const bool hasWaited = entry.waits != waiting_.end();
  if (hasWaited) entry.call->tellTimeLeft();
  if (!ask(entry, responder)) return false;
  if (hasWaited) waiting_.erase(std::exchange(entry.waits, waiting_.end()));
  if (entry.at == &responder || entry.also == &responder) return true;  // it had it before
  entry.call->give();
  if (entry.also) --entry.also->calls;
  entry.also = std::exchange(entry.at, &responder);
  ++responder.calls;
  const auto hedgeAfter = entry.call->terms().hedgeAfter;
  if (hedgeAfter > std::chrono::milliseconds(0) && !entry.also) {
    entry.hedgeAt = Deadline::in(hedgeAfter).when();
    setDue(entry);
  }
  return true;
}

bool CallDesk::ask(Entry& entry, Responder& responder) {
  Frame request = entry.call->request();
  return responder.remote->ask(ids_.of(entry.call->number()), request);
}

CallDesk::CallPtr CallDesk::beginAt(Responder& responder, const CallPtr& model) {
  CallPtr call = model->again(lastNumber_.fetch_add(1, std::memory_order_relaxed) + 1);
  Entry& entry = enter(call, Clock::now());
  entry.at = &responder;
  entry.isPinned = true;
  ++responder.calls;
  call->give();
  entry.isAsked = ask(entry, responder);
  return call;
}

/// It is up: those that waited for it are asked.
void CallDesk::askPinned(Responder& responder) {
  for (auto& [number, entry] : entries_) {
    if (entry.at != &responder || !entry.isPinned || entry.isAsked) continue;
    entry.call->tellTimeLeft();
    entry.isAsked = ask(entry, responder);
  }
}

/// Though somebody may have it.
void CallDesk::giveAgain(Entry& entry) {
  if (!entry.at) return handOut();
  entry.call->tellTimeLeft();
  Responder* const responder = choose(*entry.call, nullptr);
  if (responder) give(entry, *responder);
}

/// Gives it to a second one, too.
void CallDesk::hedge(Entry& entry) {
  if (!entry.at || entry.also) return;
  entry.call->tellTimeLeft();
  Responder* const responder = choose(*entry.call, entry.at);
  if (responder) give(entry, *responder);
}

/// Nobody has it, and it does not wait.
void CallDesk::detach(Entry& entry) {
  if (entry.waits != waiting_.end()) waiting_.erase(std::exchange(entry.waits, waiting_.end()));
  for (Responder* const each : {std::exchange(entry.at, nullptr), std::exchange(entry.also, nullptr)}) {
    if (each && --each->calls == 0) isUnused(*each);
  }
}

/// Whoever has it, but this one, need not handle it any more.
void CallDesk::cancelAt(const Entry& entry, const Responder* butNot) {
  for (Responder* const each : {entry.at, entry.also}) {
    if (!each || each == butNot || (each->features & kCancelFeature) == 0) continue;
    Frame cancel(std::string_view(sealEnvelope(CancelCall::kType, CancelCall().encode())));
    each->remote->ask(ids_.of(entry.call->number()), cancel);
  }
}

void CallDesk::remoteReplied(Remote& remote, std::string_view id, Frame& reply) {
  Responder* const responder = responderOf(remote);
  if (!responder) return;
  responder->isSilent = false;
  if (takeFeatures(*responder, reply.view())) return;
  if (!responder->knowsFeatures) asksFeatures_.store(true, std::memory_order_relaxed);  // it was not asked, or is old
  const auto found = entries_.find(ids_.numberOf(id));
  if (found == entries_.end()) return;  // nobody waits for it any more
  Entry& entry = found->second;
  if (entry.at != responder && entry.also != responder) return;  // it was another one that was asked
  if (entry.call->terms().takesParts && takePart(entry, *responder, reply)) return;
  if (isHandedBack(*responder, reply.view())) {
    takeBack(entry, *responder, false);
  } else {
    cancelAt(entry, responder);
    end(entry, std::move(reply));
  }
  if (!waiting_.empty()) handOut();
}

/// Whether it is a part that comes before the reply.
bool CallDesk::takePart(Entry& entry, Responder& responder, Frame& reply) {
  CallFields fields;
  if (!readCallFields(reply.view(), fields) || fields.part == 0 || !fields.more) return false;
  PendingCall& call = *entry.call;
  if (!call.partsFrom) call.partsFrom = &responder;
  if (call.partsFrom != &responder) return true;  // of two that have it, one counts
  if (!call.parts().add(std::move(reply), fields.part, call.keepsLastParts())) {
    cancelAt(entry, nullptr);
    end(entry, CallFailure{Errc::malformed, "more parts came than the peer may send"});
    return true;
  }
  // It is being handled: there is no need to try again.
  call.tries.end = Clock::time_point::max();
  setDue(entry);
  if (call.keepsLastParts()) giveCredit(entry);
  finish(entry.call);
  return true;
}

/// Lets the peer send more, if enough have been taken.
void CallDesk::giveCredit(Entry& entry) {
  PendingCall& call = *entry.call;
  if (!call.partsFrom || !call.hasParts()) return;
  Credit credit;
  credit.parts = call.parts().takeCredit();
  if (credit.parts == 0) return;
  for (Responder* const each : {entry.at, entry.also}) {
    if (!each || each != call.partsFrom) continue;
    Frame frame(std::string_view(sealEnvelope(Credit::kType, credit.encode())));
    each->remote->ask(ids_.of(call.number()), frame);
  }
}

/// Whether the reply says what the responder understands.
bool CallDesk::takeFeatures(Responder& responder, std::string_view reply) {
  const auto told = readFeatures(reply);
  if (!told) return false;
  responder.features = told->features;
  responder.knowsFeatures = true;
  asksFeatures_.store(hasUnknown(), std::memory_order_relaxed);
  return true;
}

void CallDesk::remoteChanged(Remote& remote) {
  Responder* const responder = responderOf(remote);
  if (!responder) return;
  responder->isSilent = responder->knowsFeatures = false;
  responder->features = 0;
  changed(*responder);
  asksFeatures_.store(hasUnknown(), std::memory_order_relaxed);
  if (remote.isUp()) {
    askPinned(*responder);
    return handOut();
  }
  takeBackAll(*responder);
  wasLost();
  handOut();
}

/// What a responder that is gone had is for others, unless that has happened to it too often.
void CallDesk::takeBackAll(Responder& responder) {
  std::vector<Entry*> taken;
  for (auto& [number, entry] : entries_) {
    if (entry.at == &responder || entry.also == &responder) taken.push_back(&entry);
  }
  // Those that were made first are given out first.
  std::sort(taken.begin(), taken.end(),
            [](const Entry* a, const Entry* b) { return a->call->number() > b->call->number(); });
  for (Entry* entry : taken) takeBack(*entry, responder, true);
}

/// This responder has it no more. `isHandled`: it may have handled it.
void CallDesk::takeBack(Entry& entry, Responder& responder, bool isHandled) {
  if (entry.call->partsFrom == &responder) entry.call->partsFrom = nullptr;
  Responder*& which = entry.at == &responder ? entry.at : entry.also;
  which = nullptr;
  --responder.calls;
  if (!entry.at) std::swap(entry.at, entry.also);
  if (entry.at) return;  // another one has it, too
  if (entry.isPinned) return end(entry, CallFailure{Errc::gaveUp, "the instance is gone, or cannot be reached"});
  entry.call->takeBack(isHandled, Clock::now());
  CallFailure whyNot{Errc::gaveUp, {}};
  if (isHandled && !mayGiveAgain(*entry.call, whyNot)) return end(entry, std::move(whyNot));
  enqueue(entry, true);
}

/// Nobody waits for it any more.
void CallDesk::abandon(Entry& entry) {
  entry.call->wait(Deadline::never());  // whoever ended it may not yet have said how
  Responder* const responder = entry.at;
  const bool keptSilent = responder && std::holds_alternative<NoneInTime>(entry.call->outcome());
  cancelAt(entry, nullptr);
  finish(entry.call);
  remove(entry);
  if (!keptSilent) return;
  responder->isSilent = true;
  hasKeptSilent(*responder);
}

// --- How calls end, in the loop's thread ---

void CallDesk::end(Entry& entry, CallOutcome&& outcome) {
  entry.call->end(std::move(outcome));
  finish(entry.call);
  remove(entry);
}

void CallDesk::remove(Entry& entry) {
  detach(entry);
  clearDue(entry);
  entries_.erase(entry.call->number());
}

/// Its follower is called once this thread is at nothing else.
void CallDesk::finish(const CallPtr& call) {
  if (!call->isDeliverable()) return;
  finished_.push_back(call);
  if (finished_.size() == 1) loop_.post([this] { deliverFinished(); });
}

void CallDesk::deliverFinished() {
  std::vector<CallPtr> finished;
  finished.swap(finished_);
  for (CallPtr& call : finished) {
    PendingCall::deliver(call, log_);
    const auto found = call->hasParts() ? entries_.find(call->number()) : entries_.end();
    if (found != entries_.end()) giveCredit(found->second);
    call.reset();
  }
}

void CallDesk::endAll() {
  isOver_ = true;
  takeIncoming();
  while (!entries_.empty()) {
    Entry& entry = entries_.begin()->second;
    cancelAt(entry, nullptr);
    end(entry, CallFailure{Errc::stopping, {}});
  }
  hasEnded();
  deliverFinished();
}

// --- Time ---

void CallDesk::setDue(Entry& entry) {
  const PendingCall& call = *entry.call;
  auto when = std::min(entry.hedgeAt, call.tries.end);
  if (call.terms().isTimed) when = std::min(when, call.terms().deadline.when());
  if (when == entry.dueAt) return;
  clearDue(entry);
  entry.dueAt = when;
  if (when == Clock::time_point::max()) return;
  dues_.insert({when, call.number()});
  alarm_.set(when);
}

void CallDesk::clearDue(Entry& entry) {
  const auto when = std::exchange(entry.dueAt, Clock::time_point::max());
  if (when != Clock::time_point::max()) dues_.erase({when, entry.call->number()});
}

void CallDesk::attendToWhatIsDue() {
  const auto now = Clock::now();
  doWhatIsDueOfCalls(now);
  const auto next = doWhatIsDue(now);
  alarm_.set(dues_.empty() ? next : std::min(next, dues_.begin()->first));
}

void CallDesk::doWhatIsDueOfCalls(Clock::time_point now) {
  if (isAtDues_) return;  // from within
  isAtDues_ = true;
  const bool isAnyDue = !dues_.empty() && dues_.begin()->first <= now;
  while (!dues_.empty() && dues_.begin()->first <= now) {
    doWhatIsDueOf(entries_.find(dues_.begin()->second)->second, now);
  }
  if (isAnyDue && !waiting_.empty()) handOut();  // there may be room again
  isAtDues_ = false;
}

void CallDesk::doWhatIsDueOf(Entry& entry, Clock::time_point now) {
  PendingCall& call = *entry.call;
  const bool isHedge = entry.hedgeAt <= now, isTry = call.tries.end <= now;
  auto next = NextTry::goOn;
  if (call.terms().isTimed && call.terms().deadline.when() <= now) {
    next = NextTry::endInVain;
  } else if (isTry) {
    next = tryHasEnded(call, now);
  }
  if (next == NextTry::endInVain) {
    call.end(outcomeInVain(call));
    return abandon(entry);
  }
  if (isHedge) entry.hedgeAt = Clock::time_point::max();
  setDue(entry);
  if (next == NextTry::giveAgain) giveAgain(entry);
  if (isHedge) hedge(entry);
}

}  // namespace dividere::detail
