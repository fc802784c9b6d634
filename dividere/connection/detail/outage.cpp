#include "outage.hpp"

#include <zmq.h>

#include <algorithm>
#include <cstdio>

namespace dividere::detail {

constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::seconds kPatienceOnceUp{5};
constexpr std::chrono::seconds kFirstRepeat{60};
constexpr std::chrono::seconds kRarestRepeat{3600};

static unsigned bitOf(Outage::Cause cause) { return 1U << static_cast<unsigned>(cause); }

bool Outage::add(Cause cause, Clock::time_point now, bool hasBeenUp) {
  if (attempts_++ == 0) since_ = now;
  ofThisCause_ = cause == cause_ ? ofThisCause_ + 1 : 1;
  cause_ = cause;
  if (!isDue(now, hasBeenUp)) return false;
  pause_ = told_ == 0 ? kFirstRepeat : std::min(2 * pause_, kRarestRepeat);
  again_ = now + pause_;
  told_ |= bitOf(cause);
  return true;
}

bool Outage::isDue(Clock::time_point now, bool hasBeenUp) const {
  // The end that finds the other one of no use ends the connection: which end that is may change.
  const bool isMisfit = (told_ & bitOf(Cause::misfit)) != 0 && cause_ == Cause::ended;
  if (isMisfit || (told_ & bitOf(cause_)) != 0) return now >= again_;
  if (cause_ == Cause::misfit || cause_ == Cause::silent) return true;
  const int fewest = cause_ == Cause::ended ? 3 : 2;
  return ofThisCause_ >= fewest && now >= since_ + (hasBeenUp ? kPatienceOnceUp : kPatience);
}

std::string Outage::lasts(Clock::time_point now) const {
  char text[32];
  const auto passed = std::chrono::duration<double>(now - since_).count();
  std::snprintf(text, sizeof text, passed < 10 ? "%.1f s" : "%.0f s", passed);
  return text;
}

std::string Outage::words(const std::string& endpoint, std::string_view needs, Clock::time_point now) const {
  std::string text = endpoint + ": ";
  switch (cause_) {
    case Cause::nobodyThere: text += "nobody listens there"; break;
    case Cause::hostNotFound: text += "host not found: no such name, or no name server can be reached"; break;
    case Cause::ended:
      text += "the peer ends each connection before it is ready: it does not speak ZeroMQ, or is not ";
      text.append(needs);
      break;
    case Cause::silent:
      text +=
          "somebody takes the connection there and says nothing: no ZeroMQ (a web server?), or a process that hangs";
      break;
    case Cause::misfit:
      text += "the peer does not speak ZeroMQ, or is not ";
      text.append(needs);
      break;
  }
  if (attempts_ > 1) text += " (" + std::to_string(attempts_) + " attempts in " + lasts(now) + ")";
  return text + "; trying again";
}

std::string_view peersOf(int type) {
  switch (type) {
    case ZMQ_SUB:
    case ZMQ_XSUB: return "a publisher (a PUB or XPUB socket), which a subscriber needs";
    case ZMQ_PUB:
    case ZMQ_XPUB: return "a subscriber (a SUB or XSUB socket), which a publisher needs";
    case ZMQ_REQ: return "one that replies (a REP or ROUTER socket), which a request needs";
    case ZMQ_REP: return "one that asks (a REQ or DEALER socket), which a response needs";
    case ZMQ_DEALER: return "a REP, DEALER or ROUTER socket, which a dealer needs";
    default: return "a socket of a kind that fits";
  }
}

}  // namespace dividere::detail
