#include "call_dispatch.hpp"

#include <algorithm>
#include <utility>

#include "call_wire.hpp"

namespace dividere::detail {

// Before a peer that took no credit is told of it again.
constexpr std::chrono::milliseconds kCreditPause{100};

CallDispatch::CallDispatch(const char* className, std::string who, std::size_t maxCalls)
    : className_(className), door_(std::make_shared<CallDoor>()), maxCalls_(maxCalls), loop_(className) {
  door_->who = std::move(who);
}

// --- Calls come ---

Responder* CallDispatch::giveAtOnce(const CallPtr& call) {
  const auto now = Clock::now();
  if (isOver_ || book_.hasWaiting() || book_.size() >= maxCalls_ || !isReady(now)) return nullptr;
  Responder* const responder = choose(*call, nullptr);
  if (!responder) return nullptr;
  CallEntry& entry = enter(call, now);
  if (give(entry, *responder)) return responder;
  remove(entry);
  call->isKnown = false;
  return nullptr;
}

void CallDispatch::lookAt(const CallPtr& call) {
  if (!call->isKnown) {
    call->isKnown = true;
    if (call->hasEnded()) return finish(call);
    if (isOver_) call->end(CallFailure{Errc::stopping, {}});
    if (book_.size() >= maxCalls_)
      call->end(CallFailure{Errc::overloaded, std::to_string(maxCalls_) + " calls are under way"});
    if (call->hasEnded()) return finish(call);
    const auto now = Clock::now();
    call->waitFrom(now);
    return book_.addWaiting(enter(call, now), false);
  }
  CallEntry* const entry = book_.find(call->number());
  if (!entry) return finish(call);
  if (call->hasEnded()) return abandon(*entry);
  finish(call);  // its parts have handlers now
  giveCredit(*entry);
}

CallEntry& CallDispatch::enter(const CallPtr& call, Clock::time_point now) {
  call->isKnown = true;
  CallEntry& entry = book_.enter(call);
  hasBegun(*call, now);
  setDue(entry);
  return entry;
}

CallDispatch::CallPtr CallDispatch::beginAt(Responder& responder, const CallPtr& model) {
  CallPtr call = model->again(nextNumber());
  CallEntry& entry = enter(call, Clock::now());
  entry.giveTo(responder);
  entry.isPinned = true;
  call->give();
  entry.isAsked = ask(entry, responder);
  return call;
}

Responder* CallDispatch::holderOf(const PendingCall& call) {
  CallEntry* const entry = call.hasEnded() ? nullptr : book_.find(call.number());
  return entry ? entry->at : nullptr;
}

// --- They are given out ---

void CallDispatch::handOut() {
  if (isOver_) return;
  while (book_.hasWaiting()) {
    CallEntry& entry = book_.firstWaiting();
    Responder* const responder = choose(*entry.call, nullptr);
    if (!responder || !give(entry, *responder)) break;
  }
  if (book_.hasWaiting()) lacksResponder();
}

bool CallDispatch::give(CallEntry& entry, Responder& responder) {
  if (book_.isWaiting(entry)) entry.call->tellTimeLeft();
  if (!ask(entry, responder)) return false;
  book_.removeWaiting(entry);
  if (entry.isAt(responder)) return true;  // it had it before
  entry.call->give();
  entry.giveTo(responder);
  const auto hedgeAfter = entry.call->terms().hedgeAfter;
  if (hedgeAfter > std::chrono::milliseconds(0) && !entry.also) {
    entry.hedgeAt = Deadline::in(hedgeAfter).when();
    setDue(entry);
  }
  return true;
}

bool CallDispatch::ask(CallEntry& entry, Responder& responder) {
  Frame request = entry.call->request();
  return responder.remote->ask(ids_.of(entry.call->number()), request);
}

/// It is up: those that waited for it are asked.
void CallDispatch::askPinned(Responder& responder) {
  for (CallEntry* entry : book_.heldBy(responder)) {
    if (!entry->isPinned || entry->isAsked) continue;
    entry->call->tellTimeLeft();
    entry->isAsked = ask(*entry, responder);
  }
}

/// Though somebody may have it.
void CallDispatch::giveAgain(CallEntry& entry) {
  if (!entry.at) return handOut();
  entry.call->tellTimeLeft();
  Responder* const responder = choose(*entry.call, nullptr);
  if (responder) give(entry, *responder);
}

/// Gives it to a second one, too.
void CallDispatch::hedge(CallEntry& entry) {
  if (!entry.at || entry.also) return;
  entry.call->tellTimeLeft();
  Responder* const responder = choose(*entry.call, entry.at);
  if (responder) give(entry, *responder);
}

// --- Responders reply ---

void CallDispatch::remoteReplied(Remote& remote, std::string_view id, Frame& reply) {
  Responder* const responder = responderOf(remote);
  if (!responder) return;
  responder->isSilent = false;
  if (takeFeatures(*responder, reply.view())) return;
  if (!responder->knowsFeatures) asksFeatures_.store(true, std::memory_order_relaxed);  // it was not asked, or is old
  CallEntry* const entry = book_.find(ids_.numberOf(id));
  // Nobody waits for it any more, or it was another one that was asked.
  if (!entry || !entry->isAt(*responder)) return;
  if (entry->call->terms().takesParts && takePart(*entry, *responder, reply)) return;
  if (isHandedBack(*responder, reply.view())) {
    takeBack(*entry, *responder, false);
  } else {
    cancelAt(*entry, responder);
    end(*entry, std::move(reply));
  }
  if (book_.hasWaiting()) handOut();
}

/// Whether the reply says what the responder understands.
bool CallDispatch::takeFeatures(Responder& responder, std::string_view reply) {
  const auto told = readFeatures(reply);
  if (!told) return false;
  responder.features = told->features;
  responder.knowsFeatures = true;
  asksFeatures_.store(hasUnknown(), std::memory_order_relaxed);
  return true;
}

/// Whether it is a part that comes before the reply.
bool CallDispatch::takePart(CallEntry& entry, Responder& responder, Frame& reply) {
  const std::uint32_t number = partNumber(reply.view());
  if (number == 0) return false;
  PendingCall& call = *entry.call;
  if (!call.partsFrom) call.partsFrom = &responder;
  if (call.partsFrom != &responder) return true;  // of two that have it, one counts
  call.hadParts = true;
  const auto added = call.parts().add(std::move(reply), number, call.keepsLastParts());
  if (added != CallParts::Added::yes) {
    cancelAt(entry, nullptr);
    end(entry, added == CallParts::Added::tooMany
                   ? CallFailure{Errc::malformed, "more parts came than the peer may send"}
                   : CallFailure{Errc::gaveUp, "parts before this one were lost: " + std::to_string(number)});
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
void CallDispatch::giveCredit(CallEntry& entry) {
  PendingCall& call = *entry.call;
  if (!call.partsFrom || !call.hasParts()) return;
  const std::uint32_t credit = call.parts().takeCredit();
  if (credit == 0) return;
  for (Responder* const each : {entry.at, entry.also}) {
    if (!each || each != call.partsFrom) continue;
    Frame frame = creditFrame(credit);
    if (each->remote->ask(ids_.of(call.number()), frame)) return;
    call.parts().putBack(credit);
    owedCredit_.push_back(call.number());
    alarm_.set(Deadline::in(kCreditPause).when());
  }
}

/// Where there was no room for it.
void CallDispatch::giveOwedCredit() {
  for (const std::uint64_t number : std::exchange(owedCredit_, {})) {
    CallEntry* const entry = book_.find(number);
    if (entry) giveCredit(*entry);
  }
}

// --- Responders come and go ---

void CallDispatch::remoteChanged(Remote& remote) {
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
void CallDispatch::takeBackAll(Responder& responder) {
  const auto held = book_.heldBy(responder);
  // Each goes to the head of those that wait, so the oldest comes last.
  for (auto each = held.rbegin(); each != held.rend(); ++each) takeBack(**each, responder, true);
}

/// This responder has it no more. `isHandled`: it may have handled it.
void CallDispatch::takeBack(CallEntry& entry, Responder& responder, bool isHandled) {
  if (entry.call->partsFrom == &responder) entry.call->partsFrom = nullptr;
  entry.takeFrom(responder);
  if (entry.at) return;  // another one has it, too
  if (entry.isPinned) return end(entry, CallFailure{Errc::gaveUp, "the instance is gone, or cannot be reached"});
  entry.call->takeBack(isHandled, Clock::now());
  CallFailure whyNot{Errc::gaveUp, {}};
  if (isHandled && !mayGiveAgain(*entry.call, whyNot)) return end(entry, std::move(whyNot));
  book_.addWaiting(entry, true);
}

// --- Calls end ---

/// Nobody waits for it any more.
void CallDispatch::abandon(CallEntry& entry) {
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

/// Whoever has it, but this one, need not handle it any more.
void CallDispatch::cancelAt(const CallEntry& entry, const Responder* butNot) {
  for (Responder* const each : {entry.at, entry.also}) {
    if (!each || each == butNot || (each->features & kCancelFeature) == 0) continue;
    Frame cancel = cancelFrame();
    each->remote->ask(ids_.of(entry.call->number()), cancel);
  }
}

void CallDispatch::end(CallEntry& entry, CallOutcome&& outcome) {
  entry.call->end(std::move(outcome));
  finish(entry.call);
  remove(entry);
}

void CallDispatch::remove(CallEntry& entry) {
  book_.removeWaiting(entry);  // or who is unused might be given it
  for (Responder* const each : {std::exchange(entry.at, nullptr), std::exchange(entry.also, nullptr)}) {
    if (each && --each->calls == 0) isUnused(*each);
  }
  book_.remove(entry);
}

/// Its follower is called once this thread is at nothing else.
void CallDispatch::finish(const CallPtr& call) {
  if (!call->isDeliverable()) return;
  finished_.push_back(call);
  if (finished_.size() == 1) loop_.post([this] { deliverFinished(); });
}

void CallDispatch::deliverFinished() {
  std::vector<CallPtr> finished;
  finished.swap(finished_);
  for (CallPtr& call : finished) {
    isDelivering_ = true;
    PendingCall::deliver(call, log_);
    isDelivering_ = false;
    CallEntry* const entry = call->hasParts() ? book_.find(call->number()) : nullptr;
    if (entry) giveCredit(*entry);
    call.reset();
  }
}

void CallDispatch::endAllCalls() {
  while (!book_.isEmpty()) {
    CallEntry& entry = book_.any();
    cancelAt(entry, nullptr);
    end(entry, CallFailure{Errc::stopping, {}});
  }
  hasEnded();
  deliverFinished();
}

// --- Time passes ---

void CallDispatch::attendToWhatIsDue() {
  const auto now = Clock::now();
  giveOwedCredit();
  doWhatIsDueOfCalls(now);
  const auto next = doWhatIsDue(now);
  alarm_.set(std::min(next, book_.nextDue()));
}

void CallDispatch::doWhatIsDueOfCalls(Clock::time_point now) {
  if (isAtDues_) return;  // from within
  isAtDues_ = true;
  const bool isAnyDue = book_.nextDue() <= now;
  while (CallEntry* const entry = book_.firstDue(now)) doWhatIsDueOf(*entry, now);
  if (isAnyDue && book_.hasWaiting()) handOut();  // there may be room again
  isAtDues_ = false;
}

void CallDispatch::doWhatIsDueOf(CallEntry& entry, Clock::time_point now) {
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
