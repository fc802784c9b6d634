#pragma once

// Why a link does not come up, and when its user is told.

#include <chrono>
#include <string>
#include <string_view>

#include "../../core/detail/deadline.hpp"

namespace dividere::detail {

/// The attempts in vain to reach one endpoint, from the first one until it is reached.
///
/// A program that starts before its peer is normal, so its user is told late: of nobody there after two attempts and a
/// second, or five if it has been up before. Of a peer that is of no use at once. Then of the same again after a minute,
/// two, four, and so on up to an hour.
class Outage {
 public:
  using Clock = Deadline::Clock;

  enum class Cause {
    nobodyThere,
    hostNotFound,
    ended,   // the peer closes the connection before the handshake is done
    silent,  // the peer takes the connection, and does not do its part of the handshake in time
    misfit   // the peer says what no peer of such a socket would
  };

  /// One more attempt was in vain. Whether its user is to be told now.
  bool add(Cause cause, Clock::time_point now, bool hasBeenUp);

  /// Whether the peer is there, and does not fit.
  bool isOfPeer() const { return cause_ == Cause::ended || cause_ == Cause::misfit; }

  bool isTold() const { return told_ != 0; }

  /// "nobody listens there (4 attempts in 1.5 s)". `needs`: what a socket of this kind connects to, as peersOf() says.
  std::string words(const std::string& endpoint, std::string_view needs, Clock::time_point now) const;

  /// "1.5 s", since the first attempt in vain.
  std::string lasts(Clock::time_point now) const;

 private:
  bool isDue(Clock::time_point now, bool hasBeenUp) const;

  Cause cause_ = Cause::nobodyThere;
  int attempts_ = 0;     // for any cause
  int ofThisCause_ = 0;  // in a row
  Clock::time_point since_{};
  unsigned told_ = 0;  // a bit for each cause
  Clock::time_point again_{};
  std::chrono::seconds pause_{};
};

/// The kinds of sockets that one of this kind (ZMQ_SUB and so on) talks to: "a PUB or XPUB socket".
std::string_view peersOf(int type);

}  // namespace dividere::detail
