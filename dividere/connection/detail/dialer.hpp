#pragma once

// What a socket connects to.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "../../core/detail/waker.hpp"
#include "credentials.hpp"
#include "destinations.hpp"
#include "native_socket.hpp"
#include "watch.hpp"

namespace dividere::detail {

/// Connects a socket to any number of endpoints, mends the links that libzmq has given up, and sees to it that a socket
/// which deals its messages to several endpoints passes over those that are dead. In the thread of the socket.
class Dialer {
 public:
  /// `watch` tells what becomes of the links, if the socket is monitored; `deals`: each message goes to one of the
  /// endpoints in turn.
  /// `credentials`: null where it is not secured.
  Dialer(NativeSocket& socket, Watch& watch, Credentials* credentials, bool isMonitored, bool deals)
      : socket_(socket), watch_(watch), credentials_(credentials), isMonitored_(isMonitored), deals_(deals) {}

  /// `advice`: as Watch::addLink(); `host`: as Credentials::hostKeys().
  void connect(const std::string& endpoint, const std::string& advice = {}, const std::string& host = {});

  /// Connects to what these say, too, from now on and whenever they change.
  void follow(std::shared_ptr<Destinations> destinations, const std::shared_ptr<Watch>& watch);

  /// Does what the watcher asks for; whether it did ask.
  bool attend() {
    if (!watch_.needsAttention()) return false;
    look();
    return true;
  }

  /// Before each message: the first one to go to one of several endpoints waits up to a second to learn which are there.
  void expectSend(const Deadline& deadline) {
    attend();
    if (isDealing()) chooseFor(deadline);
  }

  /// What was sent so far is of no use any more, and waits for no endpoint.
  void abandonSent();

  /// Connects to all endpoints anew: what has not left yet is lost, as is what has come and was not received.
  void reconnectAll();

  bool isAnyUp();

  /// Why none of the hosts lets this socket in, or can be trusted; empty: that is not so, or not known.
  const std::string& refusal() const noexcept { return refusal_; }

  /// Whether so many of the endpoints are up, waiting for that until the deadline.
  bool awaitUp(std::size_t count, const Deadline& deadline);

 private:
  /// An endpoint by the name that libzmq has for it.
  struct Target {
    std::string endpoint;
    bool queues;  // messages for it wait while it is not up (ZMQ_IMMEDIATE 0); false: they go to others
    std::string host = {};
    std::vector<std::string> keys = {};   // that the host may have; none where it is not secured
    std::string key = {};                 // the one in use
    bool isProven = false;                // ... and the host has it
    std::string ownKey = {};              // that it was connected with
    Link::Clock::time_point refusedAt{};  // when ownKey was found refused last
  };

  static bool isGuessing(const Target& target) { return target.keys.size() > 1 && !target.isProven; }
  static std::vector<std::string> keysToTry(const Target& target) {
    return isGuessing(target) ? target.keys : std::vector<std::string>{target.key};
  }
  void setWaiting(const Target& target);
  bool isDealing() const { return deals_ && targets_.size() > 1; }
  std::vector<Link> look();
  void warn(const std::string& text);
  bool followDestinations();
  void connectTo(const std::string& endpoint, const std::string& name);
  void disconnect(const std::string& resolved);
  void chooseFor(const Deadline& deadline);
  void awaitFirstNews(const Deadline& deadline);
  void passOverDead(const std::vector<Link>& links);
  void reconnect(Target& target, bool isRefused = false);
  void secure(Target& target, bool isRefused);
  bool hasNewKeyFor(Target& target, const Link& link);

  NativeSocket& socket_;
  Watch& watch_;
  Credentials* const credentials_;
  const bool isMonitored_;
  const bool deals_;
  std::string refusal_;
  std::optional<int> retryInterval_;  // as set for the socket
  std::vector<Target> targets_;       // whose links are known

  std::shared_ptr<Destinations> destinations_;   // null: none
  std::map<std::string, std::string> followed_;  // of those, by what they say: libzmq's name; empty: it cannot be

  // Where the socket deals to several.
  bool hasChosen_ = false;  // awaitFirstNews() is over
  bool anyUp_ = false;      // as of the last look()
  bool sentBlind_ = false;  // something was sent while none was up: it waits with one of them
};

/// While it lives, the calling thread's waker is woken when there is something to attend() to.
class AttentionScope {
 public:
  explicit AttentionScope(Watch& watch) : watch_(watch), before_(watch.wakeWith(Waker::ofThisThread().fd())) {}
  ~AttentionScope() { watch_.wakeWith(before_); }
  AttentionScope(const AttentionScope&) = delete;
  AttentionScope& operator=(const AttentionScope&) = delete;

 private:
  Watch& watch_;
  const int before_;
};

}  // namespace dividere::detail
