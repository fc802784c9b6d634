#pragma once

// One socket as the watcher sees it.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "../../core/detail/bell.hpp"
#include "../../core/detail/deadline.hpp"
#include "../../core/detail/log_line.hpp"
#include "../../core/log.hpp"
#include "../socket_event.hpp"
#include "handshake.hpp"
#include "link.hpp"
#include "monitor_events.hpp"
#include "socket_tally.hpp"

namespace dividere::detail {

/// What happens to one socket: the state of its links, and who is called about it. Shared by the socket's owner and the
/// watcher's thread.
class Watch {
 public:
  using Clock = Deadline::Clock;

  /// `type`: ZMQ_SUB and so on.
  Watch(const std::string& who, int type, std::chrono::milliseconds linger, const std::string& name = {},
        bool isSecured = false)
      : tally(who, name), who_(socketInLog(who, name)), linger_(linger), type_(type), isSecured_(isSecured) {}

  /// What the socket does, and what happens to it.
  SocketTally tally;

  // --- the owner's side ---

  void onEvent(std::function<void(const connection::SocketEvent&)> handler);

  /// Peers that do not fit are not worth a line in the log: the owner only tries. Before the socket is connected.
  void expectMisfits() noexcept { expectsMisfits_.store(true, std::memory_order_relaxed); }

  /// Called in the watcher's thread, before the event's handler, when a connection has ended: with its descriptor, which is
  /// closed a moment later. It calls nothing of the application's. Null: nobody; the former one does not run any more then.
  void onConnectionEnd(std::function<void(int)> listener);

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

  /// Whoever takes the log is told if nobody is there: with `advice`, if any, as a warning.
  /// `keys`: how many its host may have, of which another is to be tried if one does not fit.
  void addLink(const std::string& endpoint, const std::string& advice, std::size_t keys = 1);

  /// The owner was told to look at its links; taking them ends that.
  bool needsAttention() const noexcept { return attention_.load(std::memory_order_acquire); }
  std::vector<Link> takeLinks();

  /// The owner has disconnected from there.
  void removeLink(const std::string& endpoint);

  /// The owner made this link anew; `otherKeys`: how many there are to try, if they are not those of before.
  void relinked(const std::string& endpoint, std::optional<std::size_t> otherKeys);

  /// Whether so many links are up, waiting for that until the deadline. Any thread.
  bool awaitUp(std::size_t count, const Deadline& deadline);

  /// Has the owner look at its links. Any thread.
  void wakeOwner();

  /// A warning, for the watcher's thread to log when it is poked.
  void say(const std::string& text);

  /// While set, needsAttention() turning true also wakes this descriptor; -1: none. Returns the one set before.
  int wakeWith(int fd);

  /// "connection::Publisher": whose watch it is.
  const std::string& who() const noexcept { return who_; }

  /// How long the socket goes on sending once it is closed; negative: without bound.
  std::chrono::milliseconds linger() const noexcept { return linger_; }

  // --- the watcher's side ---

  /// Null if the socket is not monitored. Made in the owner's thread, the watcher's from then on.
  std::unique_ptr<MonitorEvents> events;

  bool isMonitored = false;             // under the Watcher's mutex
  std::atomic<int> pumpDescriptor{-1};  // the pump is called when it gives a signal, too

  bool hasPump() const noexcept { return static_cast<bool>(idle_); }

  /// Calls the pump, if it is still wanted; what it returned.
  bool pump();

  /// Logs an event, lets the links follow it and calls the handler.
  void take(connection::SocketEvent&& event);

  /// Logs what the owner says, and calls a handler that came late with what has happened before.
  void deliverBacklog();

  /// A link may turn out to be broken: findBroken() is due from time to time.
  bool hasSuspects() const noexcept { return hasSuspects_; }

  /// Looks for links that are broken by now; when to look again, or never.
  Clock::time_point findBroken(Clock::time_point now);

 private:
  /// A line for the log; empty for most events.
  struct Notice {
    LogLevel level;
    std::string text;
    bool isOfHost = false;  // of peers, who may make many of them
  };

  Notice noticeOf(const Link& link, Link::News news, Clock::time_point now) const;
  void tellOfEnd(const connection::SocketEvent& event);
  void deliver(connection::SocketEvent&& event);
  void deliverBacklog(std::unique_lock<std::mutex>& lock);
  template <class Callback>
  void call(std::unique_lock<std::mutex>& lock, const Callback& callback);
  void waitForCallback(std::unique_lock<std::mutex>& lock);
  Notice follow(connection::SocketEvent& event);
  Notice followHost(connection::SocketEvent& event);
  void count(HandshakeFault fault);
  Link* linkOf(const connection::SocketEvent& event);
  Notice followLink(Link& link, connection::SocketEvent& event);

  /// What the owner may have to know of a link.
  struct Standing {
    bool isUp, isDown, isRefused;
  };
  void tellOwner(const Link& link, Standing former);
  void callOwner();

  // Constant after construction.
  const std::string who_;
  const std::chrono::milliseconds linger_;
  const int type_;
  const bool isSecured_;
  std::function<bool()> idle_;

  // The watcher's thread alone.
  bool hasSuspects_ = false;
  std::map<int, std::string> accepted_;              // where the peers are, by the descriptors of their connections
  HandshakeFault hostFault_ = HandshakeFault::none;  // of the connection whose end is told next
  RateLimit hostFaults_;

  std::atomic<bool> attention_{false};
  std::atomic<bool> expectsMisfits_{false};

  Bell linksChanged_;

  // Under mutex_.
  std::mutex mutex_;
  std::condition_variable callbackDone_;
  std::condition_variable bindFailed_;
  std::shared_ptr<const std::function<void(const connection::SocketEvent&)>> handler_;
  std::shared_ptr<const std::function<void(int)>> endListener_;
  std::deque<connection::SocketEvent> backlog_;
  std::deque<std::string> warnings_;
  Links links_;
  std::thread::id calling_;
  int wakeFd_ = -1;
  int bindError_ = 0;
  bool detached_ = false;
  bool idleEnded_ = false;
};

}  // namespace dividere::detail
