#include "watch.hpp"

#include <algorithm>

#include "../../core/detail/log_line.hpp"
#include "../../core/detail/thread.hpp"
#include "../../core/detail/waker.hpp"
#include "transport.hpp"

namespace dividere::detail {

using connection::EventType;
using connection::SocketEvent;

constexpr std::size_t kEventsKept = 16;
constexpr int kFaultsAtOnce = 100;  // then one a second

/// Of the whole process: a thousand sockets that miss the same peer say it a few times.
static RateLimit linkFaults(kFaultsAtOnce);

// --- the owner's side ---

void Watch::onEvent(std::function<void(const SocketEvent&)> handler) {
  std::unique_lock<std::mutex> lock(mutex_);
  handler_ = handler ? std::make_shared<const std::function<void(const SocketEvent&)>>(std::move(handler)) : nullptr;
  waitForCallback(lock);
}

void Watch::onConnectionEnd(std::function<void(int)> listener) {
  std::unique_lock<std::mutex> lock(mutex_);
  endListener_ = listener ? std::make_shared<const std::function<void(int)>>(std::move(listener)) : nullptr;
  waitForCallback(lock);
}

void Watch::endIdle() {
  std::unique_lock<std::mutex> lock(mutex_);
  idleEnded_ = true;
  waitForCallback(lock);
}

void Watch::detach() {
  std::unique_lock<std::mutex> lock(mutex_);
  detached_ = true;
  wakeFd_ = -1;
  waitForCallback(lock);
}

void Watch::expectBind() {
  std::lock_guard<std::mutex> lock(mutex_);
  bindError_ = 0;
}

int Watch::bindError(const Deadline& deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  bindFailed_.wait_until(lock, deadline.when(), [this] { return bindError_ != 0; });
  return bindError_;
}

void Watch::addLink(const std::string& endpoint, const std::string& advice, std::size_t keys) {
  Link link;
  link.endpoint = endpoint;
  link.advice = advice;
  link.keys = keys;
  std::lock_guard<std::mutex> lock(mutex_);
  links_.add(std::move(link));
}

std::vector<Link> Watch::takeLinks() {
  std::lock_guard<std::mutex> lock(mutex_);
  attention_.store(false, std::memory_order_relaxed);
  return links_.all();
}

void Watch::removeLink(const std::string& endpoint) {
  std::lock_guard<std::mutex> lock(mutex_);
  links_.remove(endpoint);
}

bool Watch::awaitUp(std::size_t count, const Deadline& deadline) {
  const auto areUp = [&] {
    std::lock_guard<std::mutex> lock(mutex_);
    const auto isUp = [](const Link& link) { return link.isUp(); };
    return static_cast<std::size_t>(std::count_if(links_.all().begin(), links_.all().end(), isUp)) >= count;
  };
  return linksChanged_.wait(areUp, deadline);
}

void Watch::wakeOwner() {
  std::lock_guard<std::mutex> lock(mutex_);
  callOwner();
}

void Watch::relinked(const std::string& endpoint, std::optional<std::size_t> otherKeys) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (Link& link : links_.all()) {
    if (link.endpoint != endpoint) continue;
    otherKeys ? link.madeAnewWith(*otherKeys) : link.madeAnew();
  }
}

int Watch::wakeWith(int fd) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (fd >= 0 && needsAttention()) Waker::wake(fd);
  return std::exchange(wakeFd_, fd);
}

// --- callbacks, one at a time and without the lock ---

template <class Callback>
void Watch::call(std::unique_lock<std::mutex>& lock, const Callback& callback) {
  calling_ = std::this_thread::get_id();
  lock.unlock();
  try {
    const CallbackScope scope;
    callback();
  } catch (const std::exception& error) {
    log(LogLevel::error, who_, std::string("an event handler threw: ") + error.what());
  } catch (...) {
    log(LogLevel::error, who_, "an event handler threw something that is no std::exception");
  }
  lock.lock();
  calling_ = {};
  callbackDone_.notify_all();
}

void Watch::waitForCallback(std::unique_lock<std::mutex>& lock) {
  if (calling_ == std::this_thread::get_id()) return;
  callbackDone_.wait(lock, [this] { return calling_ == std::thread::id(); });
}

void Watch::tellOfEnd(const SocketEvent& event) {
  if (event.type != EventType::disconnected) return;
  std::unique_lock<std::mutex> lock(mutex_);
  if (!endListener_ || detached_) return;
  const auto listener = endListener_;  // kept alive though it may be replaced meanwhile
  call(lock, [&] { (*listener)(static_cast<int>(event.value)); });
}

void Watch::deliver(SocketEvent&& event) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (backlog_.size() == kEventsKept) backlog_.pop_front();
  backlog_.push_back(std::move(event));
  deliverBacklog(lock);
}

void Watch::say(const std::string& text) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (warnings_.size() < kEventsKept) warnings_.push_back(text);
}

void Watch::deliverBacklog() {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto warnings = std::exchange(warnings_, {});
  if (!warnings.empty()) lock.unlock();
  for (const std::string& text : warnings) log(LogLevel::warning, who_, text);
  if (!warnings.empty()) lock.lock();
  deliverBacklog(lock);
}

void Watch::deliverBacklog(std::unique_lock<std::mutex>& lock) {
  while (handler_ && !detached_ && !backlog_.empty()) {
    const auto handler = handler_;  // kept alive though it may be replaced meanwhile
    const SocketEvent event = std::move(backlog_.front());
    backlog_.pop_front();
    call(lock, [&] { (*handler)(event); });
  }
}

bool Watch::pump() {
  std::unique_lock<std::mutex> lock(mutex_);
  bool again = false;
  if (!detached_ && !idleEnded_) call(lock, [&] { again = idle_(); });
  return again;
}

// --- the watcher's side ---

void Watch::take(SocketEvent&& event) {
  event.peer.clear();
  event.reason.clear();
  if (event.type == EventType::accepted) event.peer = acceptedFrom(static_cast<int>(event.value), event.endpoint);
  if (logs(LogLevel::debug)) {
    log(LogLevel::debug, who_,
        std::string(name(event.type)) + " " + event.endpoint + " (" + std::to_string(event.value) + ")" +
            (event.peer.empty() ? "" : " from " + event.peer));
  }
  const Notice notice = follow(event);
  if (!notice.text.empty()) {
    (notice.isOfHost ? hostFaults_ : linkFaults).log(notice.level, who_, notice.text);
  }
  tellOfEnd(event);
  deliver(std::move(event));
}

Watch::Notice Watch::noticeOf(const Link& link, Link::News news, Clock::time_point now) const {
  const bool isMisfit =
      (news == Link::News::missed && link.outage.isOfPeer()) || link.fault == HandshakeFault::wrongHostKey;
  if (isMisfit && expectsMisfits_.load(std::memory_order_relaxed)) return {};
  switch (news) {
    case Link::News::none: break;
    case Link::News::missed: {
      const bool isAdvised = !link.advice.empty() && !link.hasBeenUp;
      return {LogLevel::warning,
              link.outage.words(link.endpoint, peersOf(type_), now) + (isAdvised ? " (" + link.advice + ")" : "")};
    }
    case Link::News::refused:
      return {LogLevel::warning, link.endpoint + ": " + std::string(words(link.fault)) + "; trying again"};
    case Link::News::letIn: return {LogLevel::warning, link.endpoint + ": connected: the keys fit now"};
    case Link::News::thereAtLast:
      return {LogLevel::warning, link.endpoint + ": connected after " + link.ended.lasts(now)};
  }
  return {};
}

// The end of a connection is told right after why it did not come about, and it alone tells whose it was.
Watch::Notice Watch::followHost(SocketEvent& event) {
  const int descriptor = static_cast<int>(event.value);
  if (event.type == EventType::accepted && !event.peer.empty()) accepted_[descriptor] = event.peer;
  if (event.type == EventType::handshakeFailed) {
    hostFault_ = handshakeFault(event.value, true, isSecured_);
    count(hostFault_);
    event.reason = words(hostFault_);
  }
  if (event.type != EventType::disconnected) return {};
  const auto fault = std::exchange(hostFault_, HandshakeFault::none);
  const auto found = accepted_.find(descriptor);
  if (found != accepted_.end()) event.peer = found->second, accepted_.erase(found);
  if (!isAboutKeys(fault) || fault == HandshakeFault::peerRefused) return {};
  return {
      LogLevel::warning,
      event.endpoint + ": refused " + (event.peer.empty() ? "a peer" : event.peer) + ": " + std::string(words(fault)),
      true};
}

Watch::Notice Watch::follow(SocketEvent& event) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (event.type == EventType::handshakeFailed) tally.handshakesFailed.add(1);
  if (event.type == EventType::bindFailed) {
    bindError_ = static_cast<int>(event.value);
    bindFailed_.notify_all();
  }
  if (detached_) return {};
  Link* const link = linkOf(event);
  return link ? followLink(*link, event) : followHost(event);
}

/// Null if it is of no link.
Link* Watch::linkOf(const SocketEvent& event) {
  if (links_.all().empty()) return nullptr;
  if (event.type == EventType::connected) cutIfConnectedToItself(static_cast<int>(event.value));
  return links_.find(event.endpoint);
}

Watch::Notice Watch::followLink(Link& link, SocketEvent& event) {
  const HandshakeFault reason =
      event.type == EventType::handshakeFailed ? handshakeFault(event.value, false, isSecured_) : HandshakeFault::none;
  event.reason = words(reason);
  if (reason != HandshakeFault::none) count(reason);
  const bool isLoss = event.type == EventType::handshakeFailed || event.type == EventType::disconnected;
  if (isLoss && !links_.isKnownByName(link)) return {};
  const Standing former{link.isUp(), link.isDown(), link.isRefused()};
  if (event.type == EventType::handshakeSucceeded && link.hasBeenUp) tally.reconnects.add(1);
  const auto now = Clock::now();
  const Link::News news = link.follow(event.type, now, reason);
  if (link.state == Link::State::suspect) hasSuspects_ = true;
  tellOwner(link, former);
  return noticeOf(link, news, now);
}

void Watch::tellOwner(const Link& link, Standing former) {
  const bool hasTurned = link.isUp() != former.isUp;
  if (hasTurned) linksChanged_.ring();
  if (link.isRefused() && !former.isRefused) callOwner();  // who may be waiting for a reply
  // Only a socket that deals to several peers has a choice to make; and there is who waits for the first one.
  const bool hasChoice = links_.all().size() > 1 || wakeFd_ >= 0;
  if (hasChoice && (hasTurned || link.isDown() != former.isDown)) callOwner();
}

void Watch::count(HandshakeFault fault) { tally.handshakeFaults[static_cast<std::size_t>(fault)].add(1); }

void Watch::callOwner() {
  attention_.store(true, std::memory_order_release);
  if (wakeFd_ >= 0) Waker::wake(wakeFd_);
}

Watch::Clock::time_point Watch::findBroken(Clock::time_point now) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto next = Clock::time_point::max();
  for (Link& link : links_.all()) {
    if (link.state != Link::State::suspect) continue;
    const auto due = link.brokenFrom();
    if (due <= now) {
      link.state = Link::State::broken;
      callOwner();
    } else {
      next = std::min(next, due);
    }
  }
  hasSuspects_ = next != Clock::time_point::max();
  return next;
}

}  // namespace dividere::detail
