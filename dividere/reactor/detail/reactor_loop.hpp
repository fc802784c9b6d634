#pragma once

// The loop inside a reactor.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "../../core/detail/alarm_clock.hpp"
#include "../../core/detail/bell.hpp"
#include "../../core/detail/deadline.hpp"
#include "../../core/detail/fork.hpp"
#include "../../core/detail/owned_descriptor.hpp"
#include "../../core/detail/thread.hpp"
#include "error_sink.hpp"
#include "loop_timers.hpp"
#include "loop_turns.hpp"
#include "source.hpp"

namespace dividere::detail {

/// Takes turns with its sources as they have messages, runs functions at their time, and runs what others post: all in
/// one thread. Who takes part in a Visit may do what is allowed "in the loop's thread".
class ReactorLoop {
 public:
  /// Lets the calling thread act as the loop's while that one is idle. Keep it short, and remove no source. It fails
  /// while the loop is at work, in an event handler, and in another Visit.
  class Visit {
   public:
    explicit Visit(ReactorLoop& loop);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    explicit operator bool() const { return succeeded_; }

   private:
    ReactorLoop& loop_;
    const bool succeeded_;
    std::optional<CallbackScope> scope_;
  };

  /// `who` names the owner in errors. `onError` is told what a function threw, and what a source does not deal with; if
  /// null, the log is. It outlives the loop's thread.
  explicit ReactorLoop(std::string who, ErrorSink onError = nullptr);
  ~ReactorLoop();

  // Before start(), or in the loop's thread:

  /// Throws Error{movedFrom} or Error{otherProcess} for a socket that cannot be used here.
  void add(std::unique_ptr<Source> source);
  void every(std::chrono::milliseconds period, std::function<void()> function);

  /// Once, after this time.
  void after(std::chrono::milliseconds delay, std::function<void()> function);

  // In the loop's thread:

  /// In its own, not in a Visit; not of the source that is being taken from.
  void remove(Source& source);

  /// Takes all messages that have come for this source, out of its turn.
  void takeAll(Source& source);

  /// Gives this source a turn now, after which its signals tell of all that comes.
  void giveTurn(Source& source);

  /// Whether the signals of this source's socket wake the loop. While they do not, whoever said so waits for them.
  void setWakes(Source& source, bool wakes);

  /// Starts the thread. `who`, if not empty, is a fuller name of the owner than there was before. Throws Error as add()
  /// does, and Error{outOfTurn} the second time.
  void start(std::string who = {});

  /// In place of start(): runs in the calling thread until stop(); `stopFd`, if not negative, stops it too when it
  /// becomes readable.
  void runHere(std::string who, int stopFd);

  /// In place of start(), again and again, in one thread at a time: does what there is to do, or waits for that until the
  /// deadline. Whether it did anything. Throws Error as start() does, and Error{outOfTurn} after that, and while it is at work
  /// already. From a deadline that has passed it does not wait.
  bool runOnce(const Deadline& deadline);

  /// Readable when runOnce() has something to do.
  int descriptor();

  // Any thread.
  void stop();
  void post(std::function<void()> function);

  /// The way to send by the source with this endpoint; where it is null, by the one that was added last. Throws Error{badEndpoint}
  /// if there is none, Error{stopping} after stop(), and as Source::outgoing().
  std::shared_ptr<Outgoing> outgoing(const std::string* endpoint);

  /// Has the thread, which is yet to be stopped, call `last` as the last thing it does: this object may be destroyed there. False,
  /// and nothing done, where stop() would wait for the thread, which is the better end, or there is no thread any more.
  bool endWith(std::function<void()> last);
  bool isCurrent() const noexcept { return thread_.isCurrent(); }

 private:
  using Clock = Deadline::Clock;

  friend class Source;

  void requireNotStarted(const char* what) const;
  void requireUsable(Source& source) const;
  void prepare();
  void open(std::string who);
  void run();
  bool runHosted(const Deadline& deadline);
  void requireHosted();
  void stopHosted();
  void endHosted();
  void end();
  void close();
  void callLast();
  void watch(int fd, Source* source);
  void watch(Source& source);
  void callPosted();
  void callDue();
  void call(const std::function<void()>& function, const char* what) noexcept;
  void takeTurns();
  bool takeTurn(Source& source);
  bool takeMessages(Source& source);
  void setAlarm(Source& source, Clock::time_point due);
  Error currentError() const;
  void wait(std::unique_lock<std::mutex>& turn, const Deadline& limit = Deadline::never());
  void attendToSockets();

  const ForkGuard fork_;

  std::mutex turn_;  // held by the loop's thread but while it waits, and by visitors
  std::atomic<std::thread::id> visitor_{};

  // Constant once started, or under turn_.
  std::string who_;
  ErrorLog log_;
  ErrorSink onError_;
  std::vector<std::unique_ptr<Source>> sources_;  // changed under mutex_
  LoopTimers timers_;
  LoopTurns turns_;
  bool started_ = false;
  OwnedDescriptor epoll_;
  std::optional<AlarmClock> alarm_;  // for whoever waits on descriptor()
  std::size_t ran_ = 0;              // functions called and messages taken
  int stopFd_ = -1;
  Clock::time_point waitsUntil_{};
  bool hasPosted_ = false;  // something was posted in the loop's thread, which was not woken for it

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // under mutex_
  bool closed_ = false;                        // under mutex_: nothing is posted any more
  std::function<void()> last_;                 // under mutex_
  bool lastIsCalled_ = false;                  // under mutex_

  std::atomic<bool> isHosted_{false};  // run by runOnce()
  std::atomic<bool> isAtWork_{false};  // in runOnce(), or ending
  Bell rests_;

  StoppableThread thread_;  // last: it ends before what it uses
};

}  // namespace dividere::detail
