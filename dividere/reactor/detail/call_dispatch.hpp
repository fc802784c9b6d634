#pragma once

// Gives a client's calls to those who reply, until each has its outcome.

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "../../messaging/detail/correlation.hpp"
#include "alarm.hpp"
#include "call_book.hpp"
#include "pending_call.hpp"
#include "remote.hpp"

namespace dividere::detail {

/// Who calls are given to, and what becomes of those whose responder is lost, a class derived from this one says. In the
/// loop's thread, or in a Visit to it, but for what says otherwise.
class CallDispatch : protected Remote::Owner {
 public:
  using Clock = Deadline::Clock;
  using CallPtr = std::shared_ptr<PendingCall>;

 protected:
  using Place = PendingCall::Place;

  /// `className` is a literal.
  CallDispatch(const char* className, std::string who, std::size_t maxCalls);
  ~CallDispatch() = default;

  // What a derived class says.

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

  /// Begins another call of the same request, for this responder alone: it waits for that one to be up, and ends when that
  /// is lost.
  CallPtr beginAt(Responder& responder, const CallPtr& model);

  /// Gives out what waits.
  void handOut();

  /// Has doWhatIsDue() called now.
  void attendToWhatIsDue();

  /// Ends those that wait and of which `isHopeless` says so.
  template <class Predicate>
  void endWaiting(const Predicate& isHopeless) {
    book_.forEachWaiting([&](CallEntry& entry) {
      if (isHopeless(*entry.call)) end(entry, outcomeInVain(*entry.call));
    });
  }
  template <class Function>
  void forEachWaiting(const Function& function) const {
    book_.forEachWaiting([&](const CallEntry& entry) { function(*entry.call); });
  }

  // For the desk.

  /// Whether this is a follower, or another of the program's functions that was given to a call: calls may be given out there.
  bool isDelivering() const { return isDelivering_; }

  /// Gives out a call in the thread that visits, which saves waking another one. Null if the loop has to do it.
  Responder* giveAtOnce(const CallPtr& call);

  /// A call begins, or has ended in another thread.
  void lookAt(const CallPtr& call);

  /// Who has it; null if nobody does.
  Responder* holderOf(const PendingCall& call);

  /// There will be no more calls, and the responders go.
  bool isOver() const { return isOver_; }
  void setOver() { isOver_ = true; }

  /// Ends all calls.
  void endAllCalls();

  // Any thread.

  std::uint64_t nextNumber() { return lastNumber_.fetch_add(1, std::memory_order_relaxed) + 1; }

  /// Whether a request should ask for its responder's features. One asks at a time: each that does is replied to twice.
  bool takeFeaturesQuestion() { return asksFeatures_.load(std::memory_order_relaxed) && asksFeatures_.exchange(false); }

  const std::string& who() const { return door_->who; }
  ReactorLoop& loop() { return loop_; }
  const ReactorLoop& loop() const { return loop_; }

  /// Starts the loop: at the end of a derived class's constructor.
  void start() { loop_.start(); }

  const char* const className_;
  const std::shared_ptr<CallDoor> door_;

 private:
  void remoteChanged(Remote& remote) final;
  void remoteReplied(Remote& remote, std::string_view id, Frame& reply) final;
  bool takeFeatures(Responder& responder, std::string_view reply);
  bool takePart(CallEntry& entry, Responder& responder, Frame& reply);
  void giveCredit(CallEntry& entry);
  void giveOwedCredit();

  CallEntry& enter(const CallPtr& call, Clock::time_point now);
  bool give(CallEntry& entry, Responder& responder);
  bool ask(CallEntry& entry, Responder& responder);
  void giveAgain(CallEntry& entry);
  void askPinned(Responder& responder);
  void hedge(CallEntry& entry);
  void takeBackAll(Responder& responder);
  void takeBack(CallEntry& entry, Responder& responder, bool isHandled);

  void abandon(CallEntry& entry);
  void cancelAt(const CallEntry& entry, const Responder* butNot);
  void end(CallEntry& entry, CallOutcome&& outcome);
  void remove(CallEntry& entry);
  void finish(const CallPtr& call);
  void deliverFinished();

  void setDue(CallEntry& entry) { alarm_.set(book_.setDue(entry)); }
  void doWhatIsDueOfCalls(Clock::time_point now);
  void doWhatIsDueOf(CallEntry& entry, Clock::time_point now);

  const std::size_t maxCalls_;

  // In any thread.
  const CorrelationIds ids_;
  std::atomic<std::uint64_t> lastNumber_{0};
  std::atomic<bool> asksFeatures_{true};  // of somebody they are not known

  // In the loop's thread.
  bool isAtDues_ = false;
  bool isDelivering_ = false;
  bool isOver_ = false;
  CallBook book_;
  std::vector<std::uint64_t> owedCredit_;  // calls whose peers had no room for it
  std::vector<CallPtr> finished_;          // whose followers have yet to be called
  ErrorLog log_;

  ReactorLoop loop_;  // after all that its thread uses
  Alarm alarm_{loop_, [this] { attendToWhatIsDue(); }};
};

}  // namespace dividere::detail
