#pragma once

// Which calls a client has, who has each of them, and when there is something to do for one.

#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pending_call.hpp"
#include "responder.hpp"

namespace dividere::detail {

/// When there is something to do for which call.
using CallDues = std::set<std::pair<Deadline::Clock::time_point, std::uint64_t>>;

/// A call that the book has.
struct CallEntry {
  using Clock = Deadline::Clock;

  std::shared_ptr<PendingCall> call;
  Responder* at = nullptr;                               // that has it; null while it waits
  Responder* also = nullptr;                             // was given it before, and may still reply
  bool isPinned = false;                                 // to `at`, which may not have been asked yet
  bool isAsked = false;                                  // if pinned: `at` has been
  Clock::time_point hedgeAt = Clock::time_point::max();  // to be given to a second one
  std::list<CallEntry*>::iterator waits;                 // the book's
  Clock::time_point dueAt = Clock::time_point::max();    // the book's; max: never
  CallDues::iterator due;                                // the book's, unless never

  bool isAt(const Responder& responder) const { return at == &responder || also == &responder; }

  /// It has the call now, and whoever had it so far may still reply.
  void giveTo(Responder& responder);

  /// It has the call no more.
  void takeFrom(Responder& responder);
};

/// All in the loop's thread. Entries stay where they are until they are removed.
class CallBook {
 public:
  using Clock = Deadline::Clock;

  CallEntry& enter(const std::shared_ptr<PendingCall>& call);

  /// Nobody has it.
  void remove(CallEntry& entry);

  /// Null if there is none of this number.
  CallEntry* find(std::uint64_t number);

  bool isEmpty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  CallEntry& any() { return entries_.begin()->second; }

  /// Those that it has, the oldest first.
  std::vector<CallEntry*> heldBy(const Responder& responder);

  // Those that wait for somebody to be given to, in order.

  bool hasWaiting() const { return !waiting_.empty(); }
  CallEntry& firstWaiting() { return *waiting_.front(); }
  bool isWaiting(const CallEntry& entry) const { return entry.waits != waiting_.end(); }
  void addWaiting(CallEntry& entry, bool isFirst);

  /// Unless it does not wait.
  void removeWaiting(CallEntry& entry);

  /// `function(entry)` may remove the entry that it is called for.
  template <class Function>
  void forEachWaiting(const Function& function) {
    for (auto it = waiting_.begin(); it != waiting_.end();) function(**it++);
  }
  template <class Function>
  void forEachWaiting(const Function& function) const {
    for (const CallEntry* entry : waiting_) function(*entry);
  }

  // When there is something to do for one: its deadline, the end of a try, or a second one is to get it.

  /// Reckons it from the entry, anew; returns it.
  Clock::time_point setDue(CallEntry& entry);

  /// For any of them.
  Clock::time_point nextDue() const { return dues_.empty() ? Clock::time_point::max() : dues_.begin()->first; }

  /// The one for which there is something to do by now; null if there is none.
  CallEntry* firstDue(Clock::time_point now);

 private:
  void clearDue(CallEntry& entry);

  std::unordered_map<std::uint64_t, CallEntry> entries_;
  std::list<CallEntry*> waiting_;
  CallDues dues_;
};

}  // namespace dividere::detail
