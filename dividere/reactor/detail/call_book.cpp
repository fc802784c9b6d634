#include "call_book.hpp"

#include <algorithm>

namespace dividere::detail {

void CallEntry::giveTo(Responder& responder) {
  if (also) --also->calls;
  also = std::exchange(at, &responder);
  ++responder.calls;
}

void CallEntry::takeFrom(Responder& responder) {
  (at == &responder ? at : also) = nullptr;
  --responder.calls;
  if (!at) std::swap(at, also);
}

CallEntry& CallBook::enter(const std::shared_ptr<PendingCall>& call) {
  CallEntry& entry = entries_[call->number()];
  entry.call = call;
  entry.waits = waiting_.end();
  return entry;
}

void CallBook::remove(CallEntry& entry) {
  removeWaiting(entry);
  clearDue(entry);
  entries_.erase(entry.call->number());
}

CallEntry* CallBook::find(std::uint64_t number) {
  const auto found = entries_.find(number);
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<CallEntry*> CallBook::heldBy(const Responder& responder) {
  std::vector<CallEntry*> held;
  for (auto& [number, entry] : entries_) {
    if (entry.isAt(responder)) held.push_back(&entry);
  }
  std::sort(held.begin(), held.end(),
            [](const CallEntry* a, const CallEntry* b) { return a->call->number() < b->call->number(); });
  return held;
}

void CallBook::addWaiting(CallEntry& entry, bool isFirst) {
  entry.waits = waiting_.insert(isFirst ? waiting_.begin() : waiting_.end(), &entry);
}

void CallBook::removeWaiting(CallEntry& entry) {
  if (isWaiting(entry)) waiting_.erase(std::exchange(entry.waits, waiting_.end()));
}

CallBook::Clock::time_point CallBook::setDue(CallEntry& entry) {
  const PendingCall& call = *entry.call;
  auto when = std::min(entry.hedgeAt, call.tries.end);
  if (call.terms().isTimed) when = std::min(when, call.terms().deadline.when());
  if (when == entry.dueAt) return when;
  clearDue(entry);
  entry.dueAt = when;
  // Most come in the order of their deadlines.
  if (when != Clock::time_point::max()) entry.due = dues_.emplace_hint(dues_.end(), when, call.number());
  return when;
}

void CallBook::clearDue(CallEntry& entry) {
  const auto when = std::exchange(entry.dueAt, Clock::time_point::max());
  if (when != Clock::time_point::max()) dues_.erase(entry.due);
}

CallEntry* CallBook::firstDue(Clock::time_point now) {
  return nextDue() <= now ? find(dues_.begin()->second) : nullptr;
}

}  // namespace dividere::detail
