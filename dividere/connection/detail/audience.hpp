#pragma once

// What a Publisher knows of its subscribers.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "../../core/detail/log_line.hpp"
#include "attendant.hpp"
#include "census.hpp"
#include "socket.hpp"

namespace dividere::detail {

/// The subscribers, and the lock that lets the watcher's thread read their news while the owner is idle: a socket that
/// nobody calls into keeps memory for each past peer. The watcher holds the lock briefly, once a second, and yields as
/// soon as the owner asks.
struct Audience {
  static constexpr int kNewsAtATime = 10000;  // a hostile peer may send them faster than they can be read

  std::mutex mutex;
  std::atomic<bool> isWanted{false};  // the owner waits for the mutex
  Socket* socket = nullptr;
  Census census;         // under mutex, as is the socket
  bool hasMore = false;  // the watcher's thread alone
  std::atomic<std::uint64_t> newsRead{0};
  RateLimit warnings;
  bool waitWhenFull = false;
  std::shared_ptr<Attendant> attendant;  // under mutex, but for the owner; null if there is none
  std::shared_ptr<Attendant> teller;     // the same; not told of what is sent

  /// For the owner.
  std::unique_lock<std::mutex> enter();

  /// For the owner, under mutex. Whether that was all.
  bool readNews();

  /// The same until that was all, or so much that it never will be.
  void readAllNews();

  /// For the owner, under mutex, after each message.
  void sent() {
    if (attendant) attend();
  }

  /// For the owner: from now on, and for all who are there already.
  void setAttendant(std::shared_ptr<Attendant> newOne);

  /// The same of the teller.
  void setTeller(std::shared_ptr<Attendant> newOne);

  /// For the owner: `function` is called in the watcher's thread, without the mutex, when it has learned of who comes, goes, or
  /// subscribes to something else. Null: none.
  void onChange(std::function<void()> function);

  /// For the owner or the watcher's thread, without the mutex.
  std::vector<KnownPeer> peers();

  /// For the watcher's thread, which is to call it again soon if it returns true.
  bool readNewsIfIdle();

 private:
  bool readOne();
  void readSome();
  void cutOff(Frame& news);
  void tellOf(std::string_view topic, const Frame& news);
  void tellAllTo(Attendant& newOne);
  void attend();
  bool serve();
  bool isChanged() const { return onChange_ && toldOf_ != census.changes(); }
  bool tellIfChanged(std::unique_lock<std::mutex>& lock);

  Deadline::Clock::time_point nextLook_{};  // under mutex
  std::atomic<bool> isLookDue_{false};      // the watcher is to look

  // Under mutex.
  std::shared_ptr<const std::function<void()>> onChange_;
  std::uint64_t toldOf_ = 0;  // of the census's changes
  Deadline::Clock::time_point nextTelling_{};

  bool hasCut_ = false;  // under mutex; whoever takes the log is to know
};

}  // namespace dividere::detail
