#pragma once

// The calls of a client, and whoever they are given to.

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <google/protobuf/message.h>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/waker.hpp"
#include "../../messaging/detail/correlation.hpp"
#include "../call.hpp"
#include "alarm.hpp"
#include "pending_call.hpp"
#include "remote.hpp"

namespace dividere::detail {

// So many calls one responder has at most. The rest wait here: replies to more might not find room in the responder's queue
// (1,000 messages by default), and be dropped. libzmq tells it of room only once 500 have left.
constexpr std::size_t kMostCallsAtOne = 400;

/// One that calls are given to.
struct Responder {
  Remote* remote = nullptr;
  int descriptor = -1;      // the remote's, for a thread that does not know whether that is still there
  std::size_t calls = 0;    // that it has
  bool isAttended = false;  // by the thread of the call that it has, in place of the loop
  bool isSilent = false;    // nothing came from it since a call to it was given up

  // Of its connection:
  bool knowsFeatures = false;
  std::uint32_t features = 0;

  bool hasRoom() const { return calls < kMostCallsAtOne; }
};

/// Copies the reply of a call that is complete; false if none came in time. Throws why else there is none.
bool replyInto(const PendingCall& call, google::protobuf::Message& reply);

/// The same for a reply of any type; null if none came in time.
std::unique_ptr<google::protobuf::Message> replyOf(const PendingCall& call);

class CallDesk;

/// The same as it came, for peers that send plain bytes.
std::optional<std::string> replyBytes(const PendingCall& call);

/// The terms of a call; `options` may be null.
CallTerms termsOf(const Deadline& deadline, const CallOptions* options);

/// Begins a call. `options` may be null, and `follower` empty.
CallHandle startCall(CallDesk& desk, const google::protobuf::Message& request, CallTerms terms,
                     const CallOptions* options, CallHandle::Follower follower);

/// Begins one whose parts are read. `options` may be null.
CallHandle startStream(CallDesk& desk, const google::protobuf::Message& request, const Deadline& deadline,
                       const CallOptions* options);

/// Gives calls out until each has its outcome. Who they are given to, and what becomes of those whose responder is lost, a
/// class derived from this one says.
class CallDesk : protected Remote::Owner {
 public:
  using Clock = Deadline::Clock;
  using CallPtr = std::shared_ptr<PendingCall>;

  // Any thread.

  /// A call that has yet to begin. `options` may be null. Throws Error{tooLarge}, and as encodeFrame().
  CallPtr prepare(const google::protobuf::Message& request, const CallTerms& terms, const CallOptions* options);
  CallPtr prepare(std::string_view bytes, const CallTerms& terms);

  /// Begins it. It ends by itself: at its deadline at the latest. Throws Error{stopping} after stop(); as all do that follow.
  void begin(const CallPtr& call);

  /// Begins it and waits until it has ended. Where its deadline comes first, it ends with what is known by then.
  void make(const CallPtr& call);

  /// The same for one that has begun.
  void await(const CallPtr& call);

  /// Ends it, unless it has ended.
  static void cancel(const CallPtr& call);

  /// Has the follower of a call that is complete called: in the loop's thread, or here if there is none any more.
  static void deliverSoon(const CallPtr& call);

  /// Ends all calls.
  void stop();

  /// Throws Error{outOfTurn} in the loop's thread, where nobody can wait for what it brings.
  void requireWaitable() const;

  /// Throws Error{otherProcess} in a forked child.
  void requireOwnProcess() const { fork_.require(className_); }

  /// Whether this is the loop's own thread.
  bool isCurrent() const noexcept { return loop_.isCurrent(); }

  /// Stops, and has the loop's thread call `last` as it ends. False, and nothing done, where stop() would wait for that
  /// thread, or there is none any more.
  bool endWith(std::function<void()> last);

 protected:
  using Place = PendingCall::Place;

  /// `className` is a literal.
  CallDesk(const char* className, std::string who, std::int64_t maxMessageBytes, std::size_t maxCalls);
  ~CallDesk();

  // What a derived class says; all in the loop's thread but outcomeInVain().

  /// Whether a call may be given out at once, with nothing to be done before.
  virtual bool isReady(Clock::time_point now) = 0;

  /// Calls have come.
  virtual void callsHaveCome(Clock::time_point now) = 0;

  /// The one to give it to, but not this one; null if none is there and has room.
  virtual Responder* choose(const PendingCall& call, const Responder* butNot) = 0;

  /// Calls wait, and nobody is there, or has room.
  virtual void lacksResponder() = 0;

  /// Null if it is none of these any more.
  virtual Responder* responderOf(const Remote& remote) = 0;

  /// Whether one is up whose features are not known.
  virtual bool hasUnknown() const = 0;

  /// The remote is up or down; called before calls are given out, or taken back.
  virtual void changed(Responder& responder) = 0;

  /// The same, after that.
  virtual void wasLost() = 0;

  /// Whether it hands the request back with this reply. No call may end meanwhile.
  virtual bool isHandedBack(Responder& responder, std::string_view reply) = 0;

  /// One whom nobody waits for any more has not replied.
  virtual void hasKeptSilent(Responder& responder) = 0;

  /// Nobody needs it to stay.
  virtual void isUnused(Responder& responder) = 0;

  /// Whether a call that was taken back may be given out again; if not, why it ends.
  virtual bool mayGiveAgain(const PendingCall& call, CallFailure& whyNot) = 0;

  /// A call has come.
  virtual void hasBegun(PendingCall& call, Clock::time_point now) {
    static_cast<void>(call);
    static_cast<void>(now);
  }

  /// What to do when call.tries.end has come: which is set anew.
  enum class NextTry { goOn, giveAgain, endInVain };
  virtual NextTry tryHasEnded(PendingCall& call, Clock::time_point now) {
    static_cast<void>(now);
    call.tries.end = Clock::time_point::max();
    return NextTry::goOn;
  }

  /// What to say of a call whose time is up, by what is known now. Any thread.
  virtual CallOutcome outcomeInVain(const PendingCall& call) const = 0;

  /// Does what has to be done by this time; returns when there is more.
  virtual Clock::time_point doWhatIsDue(Clock::time_point now) = 0;

  /// There will be no more calls.
  virtual void hasEnded() {}

  // For those.

  /// Runs it in the loop's thread, before the end of all calls. Throws Error{stopping} after stop(). Any thread.
  void postBeforeEnd(std::function<void()> function);

  /// In the loop's thread: begins another call of the same request, for this responder alone: it waits for that one to be
  /// up, and ends when that is lost.
  CallPtr beginAt(Responder& responder, const CallPtr& model);

  /// In the loop's thread: gives out what waits.
  void handOut();

  /// In the loop's thread: has doWhatIsDue() called now.
  void attendToWhatIsDue();

  /// In the loop's thread: ends those that wait and of which `isHopeless` says so.
  template <class Predicate>
  void endWaiting(const Predicate& isHopeless) {
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      Entry& entry = **it++;
      if (isHopeless(*entry.call)) end(entry, outcomeInVain(*entry.call));
    }
  }
  template <class Function>
  void forEachWaiting(const Function& function) const {
    for (const Entry* entry : waiting_) function(*entry->call);
  }

  const std::string& who() const { return door_->who; }
  bool isStopped();

  const ForkGuard fork_;
  const char* const className_;
  ReactorLoop& loop() { return loop_; }

  /// Starts the loop: at the end of a derived class's constructor.
  void start() { loop_.start(); }

 private:
  /// A call that the desk knows of.
  struct Entry {
    CallPtr call;
    Responder* at = nullptr;                               // that has it; null while it waits
    Responder* also = nullptr;                             // was given it before, and may still reply
    bool isPinned = false;                                 // to `at`, which may not have been asked yet
    bool isAsked = false;                                  // if pinned: `at` has been
    Clock::time_point hedgeAt = Clock::time_point::max();  // to be given to a second one
    std::list<Entry*>::iterator waits;                     // while it waits: where
    Clock::time_point dueAt = Clock::time_point::max();    // where it is in dues_; max: nowhere
  };

  void remoteChanged(Remote& remote) final;
  void remoteReplied(Remote& remote, std::string_view id, Frame& reply) final;

  // Any thread.
  CallPtr prepare(Frame&& request, std::size_t tail, const CallTerms& terms);
  Responder* beginHere(const CallPtr& call);
  void attendOrWait(const CallPtr& call, Responder* own, const Waker& waker);
  void post(const CallPtr& call);
  void attend(Responder& responder, PendingCall& call, const Waker& waker, const Deadline& deadline);

  // In the loop's thread.
  Responder* takeOverIfAlone(Responder& responder);
  void leave(Responder& responder);
  void takeIncoming();
  void lookAt(const CallPtr& call);
  Entry& enter(const CallPtr& call, Clock::time_point now);
  void enqueue(Entry& entry, bool isFirst);
  bool give(Entry& entry, Responder& responder);
  bool ask(Entry& entry, Responder& responder);
  void giveAgain(Entry& entry);
  void askPinned(Responder& responder);
  void hedge(Entry& entry);
  void cancelAt(const Entry& entry, const Responder* butNot);
  bool takePart(Entry& entry, Responder& responder, Frame& reply);
  void giveCredit(Entry& entry);
  bool takeFeatures(Responder& responder, std::string_view reply);
  void takeBackAll(Responder& responder);
  void takeBack(Entry& entry, Responder& responder, bool isHandled);
  void detach(Entry& entry);
  void abandon(Entry& entry);
  void end(Entry& entry, CallOutcome&& outcome);
  void remove(Entry& entry);
  void finish(const CallPtr& call);
  void deliverFinished();
  void endAll();
  void setDue(Entry& entry);
  void clearDue(Entry& entry);
  void doWhatIsDueOfCalls(Clock::time_point now);
  void doWhatIsDueOf(Entry& entry, Clock::time_point now);

  // Constant after construction.
  const std::shared_ptr<CallDoor> door_;
  const std::int64_t maxMessageBytes_;
  const std::size_t maxCalls_;

  // In any thread.
  const CorrelationIds ids_;
  std::atomic<std::uint64_t> lastNumber_{0};
  std::atomic<bool> asksFeatures_{true};  // of somebody they are not known

  // In the loop's thread.
  bool isAtDues_ = false;
  bool isOver_ = false;  // there will be no more calls, and the responders go
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::list<Entry*> waiting_;
  std::set<std::pair<Clock::time_point, std::uint64_t>> dues_;
  std::vector<CallPtr> finished_;  // whose followers have yet to be called
  ErrorLog log_;

  std::mutex mutex_;
  bool stopped_ = false;           // under mutex_
  std::vector<CallPtr> incoming_;  // under mutex_: that begin, or have ended, in other threads

  ReactorLoop loop_;  // after all that its thread uses
  Alarm alarm_{loop_, [this] { attendToWhatIsDue(); }};
};

/// Ends a client's desk, also from within one of its callbacks.
template <class Desk>
void endDesk(Desk* desk) {
  if (desk && !desk->endWith([desk] { delete desk; })) delete desk;
}

}  // namespace dividere::detail
