#pragma once

// The one thread that watches every socket of the process.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "../../core/detail/owned_descriptor.hpp"
#include "../../core/detail/waker.hpp"
#include "../socket_event.hpp"

namespace dividere::detail {

/// One endpoint that a socket connects to, and what has become of it.
struct Link {
  enum class State {
    connecting,
    up,        // handshake done
    retrying,  // libzmq will try again by itself
    suspect,   // lost, and nothing says yet that libzmq will try again
    broken     // libzmq will not: after a protocol error zmq_connect is dead until disconnected and made anew
  };
  std::string endpoint;
  State state = State::connecting;
  int failures = 0;  // attempts in a row that libzmq gave up
  int repairs = 0;   // times in a row it was found broken
  Deadline::Clock::time_point lost{};

  bool isUp() const { return state == State::up; }

  /// Twice refused: not merely a server that is about to bind.
  bool isDown() const { return state == State::retrying && failures >= 2; }
};

/// One socket as the watcher sees it, shared by the socket's owner and the watcher's thread.
class Watch {
 public:
  Watch(std::string who, std::chrono::milliseconds linger) : who_(std::move(who)), linger_(linger) {}

  // --- the owner's side ---

  void onEvent(std::function<void(const connection::SocketEvent&)> handler);

  /// Called about once a second in the watcher's thread, until detach(); sooner after it returned true. Set before the socket
  /// is used.
  void onIdle(std::function<bool()> pump) { idle_ = std::move(pump); }

  /// The pump is not called any more.
  void endIdle();

  /// No callback runs after this returns (it waits for one under way, unless called from it).
  void detach();

  /// Before zmq_bind().
  void expectBind();

  /// The errno of the zmq_bind() that has just failed, as its event tells it; 0 if none came in time.
  int bindError(const Deadline& deadline);

  void addLink(const std::string& endpoint);

  /// The owner was told to look at its links; taking them ends that.
  bool needsAttention() const noexcept { return attention_.load(std::memory_order_acquire); }
  std::vector<Link> takeLinks();

  /// The owner made this link anew.
  void relinked(const std::string& endpoint);

  /// While set, needsAttention() turning true also wakes this descriptor; -1: none. Returns the one set before.
  int wakeWith(int fd);

 private:
  friend class Watcher;
  using Clock = Deadline::Clock;

  void deliver(connection::SocketEvent&& event);
  void deliverBacklog(std::unique_lock<std::mutex>& lock);
  bool runIdle();
  template <class Callback>
  void call(std::unique_lock<std::mutex>& lock, const Callback& callback);
  void waitForCallback(std::unique_lock<std::mutex>& lock);

  void follow(const connection::SocketEvent& event);
  Link* linkOf(const std::string& endpoint);
  Link* onlyLinkAt(std::string_view port);
  bool isKnownByName(const Link& link);
  void callOwner();

  /// Looks for links that are broken by now; when to look again, or never.
  Clock::time_point findBroken(Clock::time_point now);
  Clock::time_point findBroken(Clock::time_point now, std::vector<std::string>& broken);

  /// Throws Error with nothing left open.
  void openReader(void* context, void* socket);
  void closeReader();

  // Constant after construction.
  const std::string who_;
  const std::chrono::milliseconds linger_;
  std::function<bool()> idle_;

  // The watcher's thread alone.
  void* reader_ = nullptr;
  int readerFd_ = -1;
  bool suspects_ = false;

  std::atomic<bool> attention_{false};

  // Under mutex_.
  std::mutex mutex_;
  std::condition_variable callbackDone_;
  std::condition_variable bindFailed_;
  int bindError_ = 0;
  std::shared_ptr<const std::function<void(const connection::SocketEvent&)>> handler_;
  std::deque<connection::SocketEvent> backlog_;
  std::vector<Link> links_;
  std::thread::id calling_;
  int wakeFd_ = -1;
  bool detached_ = false;
  bool idleEnded_ = false;

  // Under the Watcher's mutex.
  Clock::time_point closeBy_{};
};

/// The thread, which lives while there is anything to watch: it reads the events of every monitored socket
/// (log, callbacks, the state of links), pumps idle Publishers, and knows which closed sockets are still sending.
class Watcher {
 public:
  Watcher() = default;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// Starts watching: before the socket binds or connects, as events before that are lost. `socket` null: no
  /// events, only onIdle().
  void add(const std::shared_ptr<Watch>& watch, void* context, void* socket);

  /// The owner is done with the socket and calls zmq_close() next, then closed().
  void remove(const std::shared_ptr<Watch>& watch);

  /// Does nothing before finishSending(), waits as it does after.
  void closed();

  /// Hands a Watch whose handler came late its backlog.
  void poke();

  /// A count that moves when a closed socket lets go of a listener or of everything.
  std::uint64_t releases();

  /// Waits for releases() to differ from `seen`; false at once if no closed socket is left, or when time is up.
  bool awaitRelease(std::uint64_t seen, const Deadline& deadline);

  /// Waits for every closed socket to have sent what it had, or for its linger time to be over.
  void awaitAllSent();

  /// The same as the process exits: sockets closed from now on, by destructors of static objects, are waited for too.
  void finishSending();

 private:
  using Clock = Deadline::Clock;

  void start();
  void run();
  void takeNew();
  void drain(Watch& watch);
  Clock::time_point doWhatIsDue(Clock::time_point now);
  void forget(Watch& watch);
  void announceRelease(const Watch* gone);
  bool finished();
  void joinIfDone();

  // The watcher's thread alone, while there is one.
  OwnedDescriptor epoll_;
  std::map<Watch*, std::shared_ptr<Watch>> watches_;
  std::set<Watch*> suspects_;
  int pumped_ = 0;
  Clock::time_point nextPump_{};

  // Under mutex_.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<Watch>> new_;
  std::vector<std::shared_ptr<Watch>> removed_;
  std::vector<std::shared_ptr<Watch>> closing_;
  std::uint64_t releases_ = 0;
  std::size_t watched_ = 0;
  bool poked_ = false;
  bool running_ = false;
  bool exiting_ = false;
  std::thread thread_;
  std::unique_ptr<Waker> waker_;
};

}  // namespace dividere::detail
