#include "dialer.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "../../core/error.hpp"
#include "endpoint.hpp"
#include "process.hpp"

namespace dividere::detail {

constexpr std::chrono::milliseconds kFirstNewsLimit{1000};
constexpr int kNever = 600000;  // milliseconds

void Dialer::connect(const std::string& text, const std::string& advice, const std::string& host) {
  const Endpoint endpoint = parseEndpoint(socket_.who(), text, false);
  const std::string resolved = endpoint.str();
  if (endpoint.ipv6) socket_.set(ZMQ_IPV6, 1);
  Target target{resolved, true, host};
  const bool leavesProcess = endpoint.transport != Transport::inproc;
  if (credentials_ && leavesProcess) secure(target, false);
  if (isMonitored_ && credentials_) setWaiting(target);
  if (isMonitored_ && leavesProcess) {
    watch_.addLink(resolved, advice, keysToTry(target).size());
    targets_.push_back(std::move(target));
  }
  const auto call = [&] { return zmq_connect(socket_.handle(), resolved.c_str()); };
  if (retryInterrupted(call) != 0) socket_.fail("connect " + text);
  if (leavesProcess) watch_.tally.connectedTo(resolved);
}

void Dialer::follow(std::shared_ptr<Destinations> destinations, const std::shared_ptr<Watch>& watch) {
  destinations_ = std::move(destinations);
  destinations_->attach(watch);
}

/// Whether anything has changed.
bool Dialer::followDestinations() {
  std::map<std::string, std::string> wanted;
  if (!destinations_->take(wanted)) return false;
  for (auto it = followed_.begin(); it != followed_.end();) {
    if (wanted.count(it->first) > 0) {
      ++it;
      continue;
    }
    if (!it->second.empty()) disconnect(it->second);
    it = followed_.erase(it);
  }
  for (const auto& [endpoint, name] : wanted) {
    if (followed_.count(endpoint) == 0) connectTo(endpoint, name);
  }
  return true;
}

// In the watcher's thread: this one may hold a lock that whoever takes the log waits for.
void Dialer::warn(const std::string& text) {
  watch_.say(text);
  Process::current().watcher.poke();
}

void Dialer::connectTo(const std::string& endpoint, const std::string& name) {
  std::string& resolved = followed_[endpoint];
  try {
    connect(endpoint, {}, name);
    resolved = parseEndpoint(socket_.who(), endpoint, false).str();
  } catch (const Error& error) {
    warn(error.context());
  }
}

// What has come from there and is not received yet stays to be received.
void Dialer::disconnect(const std::string& resolved) {
  retryInterrupted([&] { return zmq_disconnect(socket_.handle(), resolved.c_str()); });
  watch_.removeLink(resolved);
  watch_.tally.disconnectedFrom(resolved);
  const auto isIt = [&](const Target& target) { return target.endpoint == resolved; };
  targets_.erase(std::remove_if(targets_.begin(), targets_.end(), isIt), targets_.end());
}

std::vector<Link> Dialer::look() {
  std::vector<Link> links = watch_.takeLinks();
  // Again and again: what changes while it is followed is told before the links are taken, and would be no news after.
  while (destinations_ && followDestinations()) links = watch_.takeLinks();
  const auto isRefused = [](const Link& link) { return link.isRefused(); };
  const bool noneLetsIn = !links.empty() && std::all_of(links.begin(), links.end(), isRefused);
  refusal_ = noneLetsIn ? links.front().endpoint + ": " + std::string(words(links.front().fault)) : std::string();
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const Link& link = links[i];
    if (link.isUp()) targets_[i].isProven = true;
    if (link.state != Link::State::broken && !hasNewKeyFor(targets_[i], link)) continue;
    reconnect(targets_[i], link.fault == HandshakeFault::wrongHostKey);
    refusal_.clear();  // until it is known how that went
  }
  if (isDealing()) passOverDead(links);
  return links;
}

// Messages are dealt to dead endpoints too, unless ZMQ_IMMEDIATE is set; but with it nothing can be sent before the
// first connection is made, and what comes first would not be what stands first in the list. So endpoints start
// without, and those found dead are connected anew with it as long as another one is up.
void Dialer::passOverDead(const std::vector<Link>& links) {
  const auto isUp = [](const Link& link) { return link.isUp(); };
  const auto isDown = [](const Link& link) { return link.isDown(); };
  anyUp_ = std::any_of(links.begin(), links.end(), isUp);
  const bool allDown = std::all_of(links.begin(), links.end(), isDown);
  if (std::all_of(links.begin(), links.end(), isUp)) sentBlind_ = false;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    Target& target = targets_[i];
    const bool passOver = anyUp_ && links[i].isDown() && target.queues && !sentBlind_;
    const bool takeBack = allDown && !target.queues;
    if (!passOver && !takeBack) continue;
    target.queues = takeBack;
    reconnect(target);
  }
}

/// Has it connected with a key that its host may have by now; if the one in use was refused, with the next one.
void Dialer::secure(Target& target, bool isRefused) {
  target.keys = credentials_->hostKeys(target.endpoint, target.host);
  if (isRefused) target.isProven = false;
  auto used = std::find(target.keys.begin(), target.keys.end(), target.key);
  if (isRefused && used != target.keys.end()) ++used;
  target.key = used == target.keys.end() ? target.keys.front() : *used;
  target.ownKey = credentials_->prepareConnect(target.key);
}

// libzmq goes on with the keys that a connection was made with. If there are others by now, it is not yet known whether those
// fit. (Of several that a host may have, it is the link that knows whether all were tried.)
bool Dialer::hasNewKeyFor(Target& target, const Link& link) {
  if (!credentials_ || !link.isRefused() || std::exchange(target.refusedAt, link.lostAt) == link.lostAt) return false;
  try {
    if (link.fault == HandshakeFault::refused) return credentials_->ownKey() != target.ownKey;
    if (link.fault != HandshakeFault::wrongHostKey || !target.isProven) return false;
    const auto keys = credentials_->hostKeys(target.endpoint, target.host);
    return keys.size() > 1 || keys.front() != target.key;
  } catch (...) {
    return false;  // the keys are being changed
  }
}

// Nothing waits for a host with a key that is yet to be found: it would be lost with the wrong one. And libzmq does not go on
// with that by itself (-1 would not do: then it ends whatever has the same endpoint, a moment later): what it tells of one
// attempt would be taken for news of the next.
void Dialer::setWaiting(const Target& target) {
  const bool isGuess = isGuessing(target);
  socket_.set(ZMQ_IMMEDIATE, target.queues && !(isGuess && deals_) ? 0 : 1);
  if (!retryInterval_) retryInterval_ = socket_.get(ZMQ_RECONNECT_IVL);
  socket_.set(ZMQ_RECONNECT_IVL, isGuess ? kNever : *retryInterval_);
}

void Dialer::reconnect(Target& target, bool isRefused) {
  const auto before = keysToTry(target);
  try {
    if (credentials_) secure(target, isRefused);
  } catch (const Error& error) {
    warn(error.context());  // the keys are being changed: as it was
  }
  const char* const endpoint = target.endpoint.c_str();
  retryInterrupted(
      [&] { return zmq_disconnect(socket_.handle(), endpoint); });  // fails if libzmq has dropped it: as well
  setWaiting(target);
  const auto keys = keysToTry(target);
  watch_.relinked(target.endpoint, keys == before ? std::nullopt : std::optional(keys.size()));
  if (retryInterrupted([&] { return zmq_connect(socket_.handle(), endpoint); }) != 0) {
    warn("connect " + target.endpoint + ": " + zmq_strerror(errno));
  }
}

void Dialer::chooseFor(const Deadline& deadline) {
  if (!hasChosen_) awaitFirstNews(deadline);
  sentBlind_ = sentBlind_ || !anyUp_;
}

void Dialer::awaitFirstNews(const Deadline& deadline) {
  hasChosen_ = true;
  const Deadline limit = earlier(deadline, Deadline::in(kFirstNewsLimit));
  const auto isKnown = [](const Link& link) { return link.isUp() || link.isDown(); };
  const Waker& waker = Waker::ofThisThread();
  const AttentionScope scope(watch_);
  for (;;) {
    const std::vector<Link> links = look();
    if (std::all_of(links.begin(), links.end(), isKnown) || limit.passed()) return;
    pollfd waits[] = {{waker.fd(), POLLIN, 0}, {limit.interruptFd(), POLLIN, 0}};
    ::poll(waits, 2, limit.pollTimeout());
    waker.drain();
  }
}

void Dialer::abandonSent() {
  if (!sentBlind_) return;
  sentBlind_ = false;
  look();
}

void Dialer::reconnectAll() {
  const int linger = socket_.get(ZMQ_LINGER);
  socket_.set(ZMQ_LINGER, 0);
  const std::vector<Link> links = look();
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    // Nothing waits for one that lets nobody in, and one that was broken has just been connected.
    if (!links[i].isRefused() && links[i].state != Link::State::broken) reconnect(targets_[i]);
  }
  socket_.set(ZMQ_LINGER, linger);
}

bool Dialer::isAnyUp() {
  const std::vector<Link> links = look();
  return std::any_of(links.begin(), links.end(), [](const Link& link) { return link.isUp(); });
}

bool Dialer::awaitUp(std::size_t count, const Deadline& deadline) {
  const auto isUp = [](const Link& link) { return link.isUp(); };
  const Waker& waker = Waker::ofThisThread();
  const AttentionScope scope(watch_);
  for (;;) {
    const std::vector<Link> links = look();
    if (static_cast<std::size_t>(std::count_if(links.begin(), links.end(), isUp)) >= count) return true;
    if (deadline.passed()) return false;
    pollfd waits[] = {{waker.fd(), POLLIN, 0}, {deadline.interruptFd(), POLLIN, 0}};
    ::poll(waits, 2, deadline.pollTimeout());
    waker.drain();
  }
}

}  // namespace dividere::detail
