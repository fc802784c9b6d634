#pragma once

// Who subscribes to a Publisher.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "frame.hpp"

namespace dividere::detail {

/// Topics that a dividere Subscriber subscribes to besides its own. libzmq tells a publisher that *somebody*
/// (un)subscribed; with these two it can tell who. No message begins like that, so to any other publisher
/// they mean nothing. A socket sends its subscriptions in the order of their bytes: the first of the two goes
/// before the user's topics, the second after them. The second is unique, and once a publisher has read
/// it, all the others are in force.
const std::string& helloTopic();
std::string makeIdTopic();

/// A third one, between those two, of who takes several messages in one frame (doc/wire.md).
const std::string& bundlesTopic();

bool isIdTopic(std::string_view topic);

/// Whether a dividere Subscriber has this topic beside what its user has asked for.
bool isOwnTopic(std::string_view topic);

/// The 16 random bytes of an id topic.
std::string_view idOfTopic(std::string_view idTopic);

/// A peer, as far as the census knows it.
struct KnownPeer {
  using Clock = std::chrono::system_clock;

  std::string address;              // IP address; empty if there is none
  Clock::time_point since;          // when it was first heard of
  std::size_t subscribers = 0;      // dividere Subscribers: itself, or those that it forwards for; none: a stranger
  bool hasTopics = true;            // false: they are not known
  std::vector<std::string> topics;  // what users have asked for
  std::string name = {}, key = {};  // as its keys prove
};

/// Counts peers, given the (un)subscriptions an XPUB socket with ZMQ_XPUB_VERBOSER reads.
///
/// dividere Subscribers are counted by their id topics, exactly, also beyond forwarders. Any other peer counts once
/// it has subscribed to something; if several such peers with different topics go at the same time, it may
/// be forgotten which ones went. Plain ZeroMQ sockets over inproc cannot be told apart and are not counted.
class Census {
 public:
  /// One message as read from the socket. False if its peer asks for more than subscription_limits.hpp allows: it is not counted
  /// further, and should be cut off.
  bool observe(Frame& frame);

  /// No more messages for now: those who went are known only from all that their going brings.
  void settle();

  std::size_t count() const { return ids_.size() + strangers_; }

  /// How many have come so far, whether they are still there or not; who connects anew comes again.
  std::uint64_t arrivals() const { return arrivals_; }

  /// Those who are there, and what they ask for.
  std::vector<KnownPeer> peers() const;

  /// Counts up whenever that changes.
  std::uint64_t changes() const { return changes_; }

  /// The first topics that begin like this, of peers that can be told apart.
  std::vector<std::string> topicsFrom(std::string_view beginning, std::size_t most) const;

  /// The topics of a peer, by its connection; null for one that cannot be told apart.
  const std::set<std::string>* topicsOf(const void* connection) const;

  /// Something that came by this connection, of a peer that can be told apart; else null.
  const Frame* newsOf(const void* connection) const;

  /// Whether any peer that can be told apart, but for this one, has this topic.
  bool hasOther(const std::string& topic, const void* connection) const;

  /// Whether any peer that can be told apart has this topic.
  bool has(const std::string& topic) const { return holders_.count(topic) > 0; }

  /// Calls `use(topic, connection)` for each topic of each of these peers, id topics last.
  template <class Use>
  void forEach(const Use& use) const {
    for (const auto& [connection, peer] : peers_) {
      for (const std::string& topic : peer.topics) use(topic, connection);
    }
  }

  /// Whether each of those peers that has this topic has the other one, too.
  bool haveBoth(const std::string& topic, const std::string& other) const;

 private:
  using Connection = const void*;
  using Clock = KnownPeer::Clock;
  struct Peer {
    Frame keepsConnectionUnique;
    Clock::time_point since = Clock::now();
    std::set<std::string> topics;
    std::size_t topicBytes = 0;
    bool isOurs = false;
    bool hasArrived = false;  // is among the arrivals
  };
  static KnownPeer known(const Peer& peer);

  struct Arrival {
    Connection connection;
    Clock::time_point since;
  };

  bool subscribed(const std::string& topic, Connection connection, Frame& frame);
  void unsubscribed(const std::string& topic, Connection connection);
  void leave(const std::string& id);
  void leaveOneOf(const std::string& topic);
  void forget(Connection connection, const std::string& topic);
  static bool hasId(const Peer& peer);
  void countStrangers();

  std::map<Connection, Peer> peers_;
  std::map<std::string, std::set<Connection>> holders_;  // of each of their topics
  std::map<std::string, std::vector<Arrival>> ids_;      // more than one while a reconnection is under way
  std::multiset<std::string> gone_;
  std::size_t strangers_ = 0;
  std::uint64_t arrivals_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace dividere::detail
