#include "dialer.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "../../core/detail/log_line.hpp"
#include "endpoint.hpp"

namespace dividere::detail {

constexpr std::chrono::milliseconds kFirstNewsLimit{1000};

void Dialer::connect(const std::string& text, const std::string& advice) {
  const Endpoint endpoint = parseEndpoint(socket_.who(), text, false);
  const std::string resolved = endpoint.str();
  if (endpoint.ipv6) socket_.set(ZMQ_IPV6, 1);
  if (isMonitored_ && endpoint.transport != Transport::inproc) {
    watch_.addLink(resolved, advice);
    targets_.push_back({resolved, true});
  }
  const auto call = [&] { return zmq_connect(socket_.handle(), resolved.c_str()); };
  if (retryInterrupted(call) != 0) socket_.fail("connect " + text);
}

std::vector<Link> Dialer::look() {
  std::vector<Link> links = watch_.takeLinks();
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    if (links[i].state == Link::State::broken) reconnect(targets_[i]);
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

void Dialer::reconnect(Target& target) {
  const char* const endpoint = target.endpoint.c_str();
  retryInterrupted(
      [&] { return zmq_disconnect(socket_.handle(), endpoint); });  // fails if libzmq has dropped it: as well
  socket_.set(ZMQ_IMMEDIATE, target.queues ? 0 : 1);
  watch_.relinked(target.endpoint);
  if (retryInterrupted([&] { return zmq_connect(socket_.handle(), endpoint); }) != 0) {
    log(LogLevel::warning, socket_.who(), "connect " + target.endpoint + ": " + zmq_strerror(errno));
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
    pollfd wake{waker.fd(), POLLIN, 0};
    ::poll(&wake, 1, limit.pollTimeout());
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
  for (Target& target : targets_) reconnect(target);
  socket_.set(ZMQ_LINGER, linger);
}

bool Dialer::isAnyUp() {
  const std::vector<Link> links = look();
  return std::any_of(links.begin(), links.end(), [](const Link& link) { return link.isUp(); });
}

}  // namespace dividere::detail
