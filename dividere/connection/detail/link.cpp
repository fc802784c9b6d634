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

Link::News Link::follow(EventType event, Clock::time_point now) {
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
      return std::exchange(isMissed, false) ? News::thereAtLast : News::none;
    case EventType::closed: attemptFailed_ = true; return News::none;
    case EventType::connectRetried:
      state = State::retrying;
      ++failures;
      // It also comes after a loss, when nothing has been attempted yet.
      if (!attemptFailed_ || std::exchange(isMissed, true)) return News::none;
      missedSince = now;
      return News::nobodyThere;
    case EventType::handshakeFailed:
    case EventType::disconnected:
      if (state == State::broken || state == State::suspect) return News::none;
      state = State::suspect;
      lost = now;
      return News::none;
    default: return News::none;
  }
}

Link::Clock::time_point Link::brokenFrom() const {
  return lost + std::min<std::chrono::milliseconds>(kRetryGrace * (1 << std::min(repairs, 5)), kRetryGraceMax);
}

void Link::madeAnew() {
  if (state == State::broken) ++repairs;
  if (state == State::broken || !isDown()) state = State::connecting;
}

/// With its colon; nothing if there is none.
static std::string_view portOf(std::string_view endpoint) {
  return endpoint.substr(std::min(endpoint.rfind(':'), endpoint.size()));
}

void Links::add(const std::string& endpoint, const std::string& advice) {
  Link link;
  link.endpoint = endpoint;
  link.advice = advice;
  links_.push_back(std::move(link));
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
