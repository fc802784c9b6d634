#include "host_names.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "../../core/detail/deadline.hpp"
#include "../../core/detail/fork.hpp"
#include "../../core/detail/log_line.hpp"
#include "../../core/detail/never_destroyed.hpp"
#include "../../core/detail/text.hpp"
#include "../../core/detail/thread.hpp"

namespace dividere::detail {

constexpr std::size_t kMostLookUpsAtATime = 4;
constexpr std::size_t kMostLookUps = 1000;
constexpr std::chrono::seconds kLookUpAgain{5};

bool isHostAddress(const std::string& host) {
  in6_addr address;  // room for either
  return host.find(':') != std::string::npos || ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

static RateLimit unfoundHosts(100);

static bool canBeFound(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

/// The names that are looked up. Its threads end when there is none left; nobody waits for them, as the resolver cannot be
/// interrupted: each has its share of this.
class HostLookUps : public std::enable_shared_from_this<HostLookUps> {
 public:
  struct LookUp {
    std::string who;
    std::string host;
    std::weak_ptr<const void> wanted;
    std::function<void()> found;
    Deadline::Clock::time_point due = {};
    bool isMissed = false;  // and its user knows
  };

  void add(LookUp lookUp) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (waiting_.size() >= kMostLookUps) return;
    waiting_.push_back(std::move(lookUp));
    changed_.notify_one();
    if (threads_ >= kMostLookUpsAtATime) return;
    startThread("dividere-names", [self = shared_from_this()] { self->work(); }).detach();
    ++threads_;
  }

 private:
  void work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (awaitDue(lock)) {
      LookUp lookUp = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      const bool isDone = canBeFound(lookUp.host);
      if (!lookUp.wanted.expired()) tell(lookUp, isDone);
      lookUp.due = Deadline::Clock::now() + kLookUpAgain;
      lock.lock();
      if (!isDone) waiting_.push_back(std::move(lookUp));
    }
    --threads_;
  }

  static void tell(LookUp& lookUp, bool isFound) {
    if (isFound) lookUp.found();
    if (isFound != std::exchange(lookUp.isMissed, !isFound)) return;
    unfoundHosts.log(LogLevel::warning, lookUp.who,
                     "host '" + shown(lookUp.host) +
                         (isFound ? "' is found now"
                                  : "' is not found: no such name, or no name server can be reached; trying again"));
  }

  /// Waits until the first one is due, false if there is none.
  bool awaitDue(std::unique_lock<std::mutex>& lock) {
    for (;;) {
      const auto isOver = [](const LookUp& lookUp) { return lookUp.wanted.expired(); };
      waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(), isOver), waiting_.end());
      if (waiting_.empty()) return false;
      const auto isSooner = [](const LookUp& a, const LookUp& b) { return a.due < b.due; };
      std::iter_swap(waiting_.begin(), std::min_element(waiting_.begin(), waiting_.end(), isSooner));
      const auto due = waiting_.front().due;
      if (due <= Deadline::Clock::now()) return true;
      changed_.wait_until(lock, due);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<LookUp> waiting_;  // under mutex_
  std::size_t threads_ = 0;     // under mutex_
};

/// This process's: a forked child leaves its parent's alone.
static std::shared_ptr<HostLookUps> hostLookUps() {
  static NeverDestroyed<std::pair<unsigned, std::shared_ptr<HostLookUps>>> current;  // under processMutex()
  std::lock_guard<std::mutex> lock(processMutex());
  auto& [generation, lookUps] = *current;
  if (!lookUps || generation != forkGeneration()) {
    if (lookUps) new std::shared_ptr<HostLookUps>(std::move(lookUps));  // its lock may be held for ever
    lookUps = std::make_shared<HostLookUps>();
    generation = forkGeneration();
  }
  return lookUps;
}

void whenHostIsFound(const std::string& who, const std::string& host, std::weak_ptr<const void> wanted,
                     std::function<void()> found) {
  if (isHostAddress(host)) return found();
  hostLookUps()->add({who, host, std::move(wanted), std::move(found)});
}

void FoundEndpoint::find(const std::string& who, const std::string& host, const std::string& endpoint) {
  whenHostIsFound(who, host, weak_from_this(), [weak = weak_from_this(), endpoint] {
    if (const auto self = weak.lock()) self->add(endpoint, {});
  });
}

}  // namespace dividere::detail
