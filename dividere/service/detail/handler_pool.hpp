#pragma once

// Several handlers at once.

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "../../connection/dealer.hpp"
#include "../../connection/detail/frame.hpp"
#include "../../core/detail/thread.hpp"
#include "../../reactor/detail/origin.hpp"

namespace dividere::detail {

/// Threads that take requests from a short queue. While that is full, requests wait where they come from.
class HandlerPool {
 public:
  struct Job {
    connection::Route route;
    Frame body;
    RequestTerms terms = {};
    std::shared_ptr<CallControl> control = {};  // that of whoever handles it
    bool isDeferred = false;                    // which is a Later's from now on
    Peer peer = {};
  };

  struct Hooks {
    std::function<void(Job&)>
        handle;  ///< in one of the threads; throws nothing; leaves the route's strings where they are
    std::function<void()> hasRoom;       ///< in one of the threads: there is room again
    std::function<void()> lastHasEnded;  ///< in the last of the threads, once
  };

  HandlerPool(std::size_t threads, Hooks hooks);

  void start();

  bool isFull() const;
  void add(Job job);

  /// Whoever asked along this route wants no reply any more: a job that waits is forgotten, one that runs is told. How many
  /// waited.
  std::size_t cancel(const connection::Route& route);

  /// So many more parts are wanted along this route. Whether a thread is at that request.
  bool addCredit(const connection::Route& route, std::uint32_t parts);

  /// Has each thread end when the handler it runs is done; no job is begun any more. Any thread.
  void requestStop();

  /// The same, and waits for it. Not from one of the threads.
  void stop();

  /// Those that were never begun, once stopped.
  std::deque<Job> takeRest();

  /// Whether this is one of the threads.
  bool isCurrent() const;

 private:
  /// One thread's place: what it handles can be found there while it does. The route's strings, wherever the handler has put
  /// them; null: none.
  struct Seat {
    Job job;
    const std::string* route = nullptr;
    std::size_t steps = 0;

    bool isOf(const connection::Route& other) const;
  };

  void work(const Waker& waker, Seat& seat);
  bool next(Seat& seat, const Waker& waker);
  void take(Seat& seat);
  std::shared_ptr<CallControl> controlOf(const connection::Route& route) const;

  const Hooks hooks_;
  const std::size_t most_;  // jobs that wait

  mutable std::mutex mutex_;
  std::deque<Job> waiting_;         // under mutex_
  std::vector<const Waker*> idle_;  // under mutex_: of threads that wait for a job
  std::size_t working_ = 0;         // under mutex_: threads that have not ended
  bool stopping_ = false;           // under mutex_
  std::list<Seat> seats_;           // their route and control: under mutex_

  std::list<StoppableThread> threads_;  // last: they end before what they use
};

}  // namespace dividere::detail
