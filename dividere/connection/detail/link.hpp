#pragma once

// What has become of an endpoint that a socket connects to.

#include <string>
#include <string_view>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "../socket_event.hpp"
#include "handshake.hpp"
#include "outage.hpp"

namespace dividere::detail {

/// One endpoint that a socket connects to: a state machine that libzmq's events drive.
struct Link {
  using Clock = Deadline::Clock;

  enum class State {
    connecting,
    up,        // handshake done
    retrying,  // libzmq will try again by itself
    suspect,   // lost, and nothing says yet that libzmq will try again
    broken     // libzmq will not: after a protocol error zmq_connect is dead until disconnected and made anew
  };

  /// What its user may want to be told.
  enum class News {
    none,
    missed,       // it does not come up, and `outage` knows why
    thereAtLast,  // ... and now it is up
    refused,      // the keys do not fit, or those of one end are missing; told once
    letIn         // ... and now it is up
  };

  std::string endpoint;
  std::size_t keys = 1;  // to try in turn, until one fits
  std::string advice;    // for whoever finds nobody there: what else may have been meant; empty for most
  State state = State::connecting;
  int failures = 0;  // attempts in a row that libzmq gave up
  int repairs = 0;   // times in a row it was found broken
  Clock::time_point lostAt{};
  bool hasBeenUp = false;
  Outage outage;                                // since it was up last, or is wanted
  Outage ended;                                 // the one that was over when it came up last
  HandshakeFault fault = HandshakeFault::none;  // of the last attempt

  bool isUp() const { return state == State::up; }

  /// Refused twice: not merely a server that is about to bind. Or the keys do not fit.
  bool isDown() const { return isAboutKeys(fault) || (state == State::retrying && failures >= 2); }

  /// The last attempt ended for such a reason, and there was none since.
  bool isRefused() const { return isSure_ && (state == State::suspect || state == State::broken); }

  /// Changes the state as an event of this link says; `reason`: why a handshake failed.
  News follow(connection::EventType event, Clock::time_point now, HandshakeFault reason = HandshakeFault::none);

  /// When a suspect link counts as broken.
  Clock::time_point brokenFrom() const;

  /// The owner has disconnected and connected again.
  void madeAnew();

  /// ... with other keys than before: what those came to says nothing of these.
  void madeAnewWith(std::size_t otherKeys);

 private:
  void suspect(Clock::time_point now);
  News failed(Clock::time_point now, HandshakeFault reason);
  News cameUp();
  News retried(Clock::time_point now);
  News lost(Clock::time_point now, Outage::Cause cause);
  News missed(Outage::Cause cause, Clock::time_point now);
  void forgetFaults();

  bool attemptFailed_ = false;   // the pause that is announced next is after an attempt
  bool connectionLost_ = false;  // ... after the loss of a connection
  bool isOpen_ = false;          // connected, and how the handshake ends is yet to be told
  Clock::time_point opened_{};
  std::size_t faults_ = 0;  // in a row that are about keys
  std::size_t tried_ = 0;   // times it was made anew since
  bool isSure_ = false;     // that they are, and do not fit
  bool isToldOfFault_ = false;
};

/// The links of one socket, found by what libzmq calls them.
class Links {
 public:
  void add(Link link) { links_.push_back(std::move(link)); }

  void remove(const std::string& endpoint);

  /// Null if it is not known which of them is meant.
  Link* find(const std::string& endpoint);

  /// Whether find() will know this link's next events for its own. Of two hosts that libzmq has looked up, and that have the
  /// same port, it would not.
  bool isKnownByName(const Link& link);

  const std::vector<Link>& all() const { return links_; }
  std::vector<Link>& all() { return links_; }

 private:
  Link* onlyLinkAt(std::string_view port);

  std::vector<Link> links_;
};

}  // namespace dividere::detail
