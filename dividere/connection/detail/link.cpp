#include "link.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace dividere::detail {

using connection::EventType;

// How long after a loss libzmq's own announcement of the next attempt may take; it follows within microseconds
// unless the machine is overloaded. Doubled with each repair in vain, so that a port where something else
// answers is not hammered.
constexpr std::chrono::milliseconds kRetryGrace{250};
constexpr std::chrono::milliseconds kRetryGraceMax{5000};

// Keys that do not fit may be mended in a moment, and nobody is hammered by one who asks once a second.
constexpr std::chrono::milliseconds kKeysGraceMax{1000};

Link::News Link::follow(EventType event, Clock::time_point now, HandshakeFault reason) {
  switch (event) {
    case EventType::connectDelayed:
    case EventType::connected:
      attemptFailed_ = false;
      if (!isDown()) state = State::connecting;
      return News::none;
    case EventType::handshakeSucceeded:
      state = State::up;
      failures = repairs = 0;
      hasBeenUp = true;
      fault = HandshakeFault::none;
      faults_ = tried_ = 0;
      if (std::exchange(isToldOfFault_, false)) return isMissed = false, News::letIn;
      return std::exchange(isMissed, false) ? News::thereAtLast : News::none;
    case EventType::closed:
      attemptFailed_ = true;
      if (keys > 1 && state == State::connecting)
        suspect(now);  // libzmq does not go on by itself: Dialer::setWaiting()
      return News::none;
    case EventType::connectRetried:
      if (isAboutKeys(fault) || keys > 1) return News::none;  // it is connected anew, with what the keys are then
      state = State::retrying;
      ++failures;
      // It also comes after a loss, when nothing has been attempted yet.
      if (!attemptFailed_ || std::exchange(isMissed, true)) return News::none;
      missedSince = now;
      return News::nobodyThere;
    case EventType::handshakeFailed:
      if (isAboutKeys(reason)) return failed(now, reason);
      suspect(now);
      return News::none;
    case EventType::disconnected: suspect(now); return News::none;
    default: return News::none;
  }
}

// libzmq goes on by itself in some of these cases; what it would try is what did not fit. The first time a connection ends
// without a word it may be a host that is just ending.
Link::News Link::failed(Clock::time_point now, HandshakeFault reason) {
  fault = reason;
  ++faults_;
  endIsTold_ = true;
  suspect(now);
  const bool isSure = reason != HandshakeFault::wrongHostKey || (faults_ > 1 && tried_ + 1 >= keys && faults_ > keys);
  if (!isSure || isToldOfFault_) return News::none;
  isToldOfFault_ = true;
  return News::refused;
}

void Link::suspect(Clock::time_point now) {
  if (state == State::broken || state == State::suspect) return;
  state = State::suspect;
  lost = now;
}

Link::Clock::time_point Link::brokenFrom() const {
  if (isAboutKeys(fault)) {
    const bool hasOther = fault == HandshakeFault::wrongHostKey && tried_ + 1 < keys;
    const int round = static_cast<int>(tried_ / std::max<std::size_t>(keys, 1));
    const auto grace = std::min<std::chrono::milliseconds>(kRetryGrace * (1 << std::min(round, 5)), kKeysGraceMax);
    return hasOther ? lost : lost + grace;
  }
  return lost + std::min<std::chrono::milliseconds>(kRetryGrace * (1 << std::min(repairs, 5)), kRetryGraceMax);
}

void Link::madeAnew() {
  if (isAboutKeys(fault)) ++tried_;
  fault = HandshakeFault::none;
  if (state == State::broken) ++repairs;
  if (state == State::broken || !isDown()) state = State::connecting;
}

/// With its colon; nothing if there is none.
static std::string_view portOf(std::string_view endpoint) {
  return endpoint.substr(std::min(endpoint.rfind(':'), endpoint.size()));
}

void Links::remove(const std::string& endpoint) {
  const auto isIt = [&](const Link& link) { return link.endpoint == endpoint; };
  links_.erase(std::remove_if(links_.begin(), links_.end(), isIt), links_.end());
}

Link* Links::find(const std::string& endpoint) {
  for (Link& link : links_) {
    if (link.endpoint == endpoint) return &link;
  }
  // Once libzmq has looked up a host's name it speaks of its address; the port still tells, if only one has it.
  return onlyLinkAt(portOf(endpoint));
}

/// Null if there is none, or several.
Link* Links::onlyLinkAt(std::string_view port) {
  const auto isThere = [&](const Link& link) { return portOf(link.endpoint) == port; };
  const auto found = std::find_if(links_.begin(), links_.end(), isThere);
  if (found == links_.end() || std::find_if(found + 1, links_.end(), isThere) != links_.end()) return nullptr;
  return &*found;
}

bool Links::isKnownByName(const Link& link) {
  constexpr std::string_view kTcp = "tcp://";
  const std::string_view endpoint = link.endpoint;
  if (endpoint.substr(0, kTcp.size()) != kTcp) return true;
  const std::string_view port = portOf(endpoint);
  const std::string host(endpoint.substr(kTcp.size(), endpoint.size() - kTcp.size() - port.size()));
  in_addr address;
  if (host[0] == '[' || ::inet_pton(AF_INET, host.c_str(), &address) == 1) return true;
  return onlyLinkAt(port) != nullptr;
}

}  // namespace dividere::detail
