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

#include "../../connection/detail/socket.hpp"
#include "../../core/detail/deadline.hpp"
#include "../../core/detail/fork.hpp"
#include "../../core/detail/thread.hpp"
#include "handler_table.hpp"

namespace dividere::detail {

/// A socket the loop listens to, and the origin of the message it received last.
class Source : public Origin {
 public:
  virtual Socket& socket() = 0;

  /// Whether receive() has a message, without waiting.
  virtual bool hasMessage() = 0;

  /// Takes the next message and has it handled. Throws Error{malformed} as the socket does.
  virtual void take(HandlerTable& handlers) = 0;

 protected:
  void newMessage() {
    route_.clear();
    answered_ = false;
  }
};

/// "In the loop's thread" is said of it, or of another one during its Visit.
class ReactorLoop {
 public:
  /// While it has succeeded, the calling thread stands in for the loop's, which has nothing to do. Not for long, and
  /// not to remove a source. It fails where the loop is at work, which soon does by itself what there is to do; in an
  /// event handler, and in another Visit.
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

  explicit ReactorLoop(HandlerTable& handlers) : handlers_(handlers) {}
  ~ReactorLoop();

  // Before start(), or in the loop's thread.
  void add(std::unique_ptr<Source> source);
  void every(std::chrono::milliseconds period, std::function<void()> function);

  /// In the loop's own thread; not of the source that is being taken from.
  void remove(Source& source);

  /// In the loop's thread: the source may have messages though its socket gives no signal. That is so whenever
  /// something is sent on it outside of its turn: sending takes the signal in.
  void lookAgain(Source& source);

  /// In the loop's thread: handles all that has come for this source, out of its turn.
  void drain(Source& source);

  /// In the loop's thread: gives this source a turn now, after which its signals tell of all that comes.
  void serve(Source& source);

  /// In the loop's thread: whether signals of this source's socket wake the loop, or are waited for by somebody else.
  void listen(Source& source, bool does);

  /// Once, after this time.
  void after(std::chrono::milliseconds delay, std::function<void()> function);

  void start(const char* who);

  /// Runs in the calling thread until stop(); `stopFd`, if not negative, stops it too when it becomes readable.
  void runHere(const char* who, int stopFd);

  // Any thread.
  void stop();
  void post(std::function<void()> function);
  bool isCurrent() const noexcept { return thread_.isCurrent(); }

 private:
  using Clock = Deadline::Clock;

  struct Timer {
    std::chrono::milliseconds period;  // 0: once
    Clock::time_point due;
    std::function<void()> function;
  };

  void requireNotStarted(const char* what) const;
  void seal(const char* who);
  void run();
  void close();
  void watch(int fd, Source* source);
  void runPosted();
  void runTimers();
  void takeTurns();
  bool takeTurn(Source& source);
  void wait(std::unique_lock<std::mutex>& turn);
  Clock::time_point nextDue() const;

  const ForkGuard fork_;

  std::mutex turn_;  // held by the loop's thread but while it waits, and by visitors
  std::atomic<std::thread::id> visitor_{};

  // Constant once started, or under turn_.
  HandlerTable& handlers_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<Timer> timers_;
  bool started_ = false;
  int epoll_ = -1;
  int stopFd_ = -1;
  Clock::time_point waitsUntil_{};
  std::vector<Source*> active_;  // may have more messages than were taken: need no signal to be looked at
  std::vector<Source*> turns_;   // those that have their turn now; null: removed meanwhile

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // under mutex_
  bool closed_ = false;                        // under mutex_: nothing is posted any more

  StoppableThread thread_;  // last: it ends before what it uses
};

}  // namespace dividere::detail
