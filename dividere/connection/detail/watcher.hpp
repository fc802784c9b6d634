#pragma once

// The one thread that watches every socket of the process.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "../../core/detail/owned_descriptor.hpp"
#include "../../core/detail/waker.hpp"
#include "closed_sockets.hpp"
#include "ipc_guard.hpp"
#include "watch.hpp"

namespace dividere::detail {

/// The thread, which lives while there is anything to watch: it reads the events of every monitored socket
/// (log, callbacks, the state of links), pumps idle Publishers, and knows which closed sockets are still sending.
class Watcher {
 public:
  Watcher() = default;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  /// Starts watching: before the socket binds or connects, as events before that are lost. `socket` null: no
  /// events, only onIdle(). Throws Error, and then the socket is not monitored.
  void add(const std::shared_ptr<Watch>& watch, void* context, void* socket);

  /// The owner is done with the socket and calls zmq_close() next, then closed().
  void remove(const std::shared_ptr<Watch>& watch);

  /// Does nothing before finishSending(), waits as it does after.
  void closed();

  /// Hands a Watch whose handler came late its backlog.
  void poke();

  /// Its pump is called when the descriptor gives a signal, too, until remove().
  void pumpOn(Watch& watch, int descriptor);

  /// All pumps are called soon.
  void pumpSoon();

  /// As ClosedSockets says.
  std::uint64_t releases() { return closedSockets_.releases(); }
  bool awaitRelease(std::uint64_t seen, const Deadline& deadline) {
    return closedSockets_.awaitRelease(seen, deadline);
  }
  void awaitAllSent() { closedSockets_.awaitAllSent(); }

  /// The same as the process exits: sockets closed from now on, by destructors of static objects, are waited for too.
  void finishSending();

 private:
  using Clock = Deadline::Clock;

  void start();
  void run();
  void takeNew();
  void begin(const std::shared_ptr<Watch>& watch);
  void lookAt(Watch* watch);
  void readEvents(Watch& watch);
  Clock::time_point doWhatIsDue(Clock::time_point now);
  Clock::time_point findBroken(Clock::time_point now);
  bool pump();
  void expectWords();
  void forget(Watch& watch);
  bool finished();
  void joinIfDone();

  // The watcher's thread alone, while there is one.
  OwnedDescriptor epoll_;
  std::map<Watch*, std::shared_ptr<Watch>> watches_;
  std::set<Watch*> suspects_;
  IpcGuard ipcGuard_;
  int pumped_ = 0;
  Clock::time_point nextPump_{};
  std::chrono::milliseconds pumpPause_{};

  ClosedSockets closedSockets_;

  // Under mutex_.
  std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<std::shared_ptr<Watch>> new_;
  std::vector<std::shared_ptr<Watch>> removed_;
  std::size_t watched_ = 0;
  bool poked_ = false;
  bool isPumpDue_ = false;
  bool running_ = false;
  bool exiting_ = false;
  std::thread thread_;
  std::unique_ptr<Waker> waker_;
};

}  // namespace dividere::detail
