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

// A handshake that takes so long, and fails, was not begun by the peer.
constexpr std::chrono::milliseconds kSilence{1000};

Link::News Link::follow(EventType event, Clock::time_point now, HandshakeFault reason) {
  switch (event) {
    case EventType::connectDelayed:
    case EventType::connected:
      attemptFailed_ = connectionLost_ = false;
      isOpen_ = event == EventType::connected;
      opened_ = now;
      if (!isDown()) state = State::connecting;
      return News::none;
    case EventType::handshakeSucceeded: return cameUp();
    case EventType::closed:
      attemptFailed_ = true;
      if (keys > 1 && state == State::connecting)
        suspect(now);  // libzmq does not go on by itself: Dialer::setWaiting()
      return News::none;
    case EventType::connectRetried:
      if (isAboutKeys(fault) || keys > 1) return News::none;  // it is connected anew, with what the keys are then
      state = State::retrying;
      ++failures;
      return retried(now);
    case EventType::handshakeFailed:
      if (isAboutKeys(reason)) return failed(now, reason);
      return lost(now, reason == HandshakeFault::silent || now - opened_ >= kSilence ? Outage::Cause::silent
                                                                                     : Outage::Cause::ended);
    case EventType::disconnected: return lost(now, Outage::Cause::misfit);
    default: return News::none;
  }
}

Link::News Link::cameUp() {
  state = State::up;
  failures = repairs = 0;
  hasBeenUp = true;
  isOpen_ = false;
  fault = HandshakeFault::none;
  forgetFaults();
  const bool isMissed = outage.isTold();
  ended = std::exchange(outage, {});
  if (std::exchange(isToldOfFault_, false)) return News::letIn;
  return isMissed ? News::thereAtLast : News::none;
}

// A pause is announced after an attempt in vain and after a loss. If there was neither, then not even an address was found.
Link::News Link::retried(Clock::time_point now) {
  const bool isAfterLoss = std::exchange(connectionLost_, false);
  const bool isAfterAttempt = std::exchange(attemptFailed_, false);
  if (isAfterAttempt) return missed(Outage::Cause::nobodyThere, now);
  return isAfterLoss ? News::none : missed(Outage::Cause::hostNotFound, now);
}

/// The connection, which has not been up if it is still open. `cause`: why it is not, then.
Link::News Link::lost(Clock::time_point now, Outage::Cause cause) {
  suspect(now);
  connectionLost_ = true;
  return std::exchange(isOpen_, false) ? missed(cause, now) : News::none;
}

Link::News Link::missed(Outage::Cause cause, Clock::time_point now) {
  return outage.add(cause, now, hasBeenUp) ? News::missed : News::none;
}

// libzmq goes on by itself in some of these cases; what it would try is what did not fit. The first time a connection ends
// without a word it may be a host that is just ending.
Link::News Link::failed(Clock::time_point now, HandshakeFault reason) {
  fault = reason;
  ++faults_;
  isOpen_ = false;
  connectionLost_ = true;
  suspect(now);
  isSure_ = reason != HandshakeFault::wrongHostKey || (faults_ > 1 && tried_ + 1 >= keys && faults_ > keys);
  if (!isSure_ || std::exchange(isToldOfFault_, true)) return News::none;
  return News::refused;
}

void Link::suspect(Clock::time_point now) {
  if (state == State::broken || state == State::suspect) return;
  state = State::suspect;
  lostAt = now;
}

Link::Clock::time_point Link::brokenFrom() const {
  if (isAboutKeys(fault)) {
    const bool hasOther = fault == HandshakeFault::wrongHostKey && tried_ + 1 < keys;
    const int round = static_cast<int>(tried_ / std::max<std::size_t>(keys, 1));
    const auto grace = std::min<std::chrono::milliseconds>(kRetryGrace * (1 << std::min(round, 5)), kKeysGraceMax);
    return hasOther ? lostAt : lostAt + grace;
  }
  return lostAt + std::min<std::chrono::milliseconds>(kRetryGrace * (1 << std::min(repairs, 5)), kRetryGraceMax);
}

void Link::madeAnew() {
  if (isAboutKeys(fault)) ++tried_;
  fault = HandshakeFault::none;
  isOpen_ = attemptFailed_ = false;
  connectionLost_ = true;  // what was before may still be told
  if (state == State::broken) ++repairs;
  if (state == State::broken || !isDown()) state = State::connecting;
}

void Link::madeAnewWith(std::size_t otherKeys) {
  madeAnew();
  keys = otherKeys;
  forgetFaults();
}

void Link::forgetFaults() {
  faults_ = tried_ = 0;
  isSure_ = false;
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
