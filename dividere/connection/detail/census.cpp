#include "census.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "../../core/detail/never_destroyed.hpp"
#include "../../core/detail/random.hpp"
#include "connection_mark.hpp"
#include "subscription_limits.hpp"

namespace dividere::detail {

constexpr std::string_view kIdPrefix =
    "\xFF"
    "dividere/id/";

// A peer that reconnects is there twice for a moment; one that only says so is not remembered more often than that.
constexpr std::size_t kMostOfOneId = 16;

const std::string& helloTopic() {
  static NeverDestroyed<std::string> topic(std::string(1, '\0') + "dividere/hello");
  return *topic;
}

const std::string& bundlesTopic() {
  static NeverDestroyed<std::string> topic(std::string(1, '\xFF') + "dividere/bundles");
  return *topic;
}

std::string makeIdTopic() { return std::string(kIdPrefix) + randomBytes(16); }

std::string_view idOfTopic(std::string_view idTopic) { return idTopic.substr(kIdPrefix.size()); }

bool isIdTopic(std::string_view topic) { return topic.substr(0, kIdPrefix.size()) == kIdPrefix; }

bool isOwnTopic(std::string_view topic) {
  constexpr std::string_view kAddressTag("\xEA\x06", 2), kOwn(
                                                             "\xFF"
                                                             "dividere/");
  const auto begins = [topic](std::string_view with) { return topic.substr(0, with.size()) == with; };
  return topic == helloTopic() || begins(kAddressTag) || begins(kOwn);
}

bool Census::observe(Frame& frame) {
  const std::string_view message = frame.view();
  if (message.empty() || frame.more() || static_cast<unsigned char>(message[0]) > 1) return true;
  const std::string topic(message.substr(1));
  if (message[0] == 1) return subscribed(topic, ConnectionMark::keyOf(frame), frame);
  unsubscribed(topic, ConnectionMark::keyOf(frame));
  return true;
}

bool Census::subscribed(const std::string& topic, Connection connection, Frame& frame) {
  if (topic.size() > kLongestSubscription) return false;
  if (isIdTopic(topic)) {
    auto& connections = ids_[topic];
    if (connections.size() < kMostOfOneId) connections.push_back({connection, Clock::now()});
    ++changes_;
    ++arrivals_;  // not at its first topic: now they are all in force
  }
  if (!connection) return true;
  Peer& peer = peers_[connection];
  if (peer.keepsConnectionUnique.size() == 0) peer.keepsConnectionUnique = frame.share();
  peer.isOurs = peer.isOurs || isIdTopic(topic) || topic == helloTopic();
  if (!peer.topics.insert(topic).second) return true;
  if (!isOwnTopic(topic)) ++changes_;
  peer.topicBytes += topic.size() + kTopicOverhead;
  holders_[topic].insert(connection);
  return peer.topicBytes <= kMostTopicBytes + kOwnTopicBytes;
}

void Census::unsubscribed(const std::string& topic, Connection connection) {
  if (!connection) {
    gone_.insert(topic);
    return;
  }
  if (isIdTopic(topic)) {
    const auto found = ids_.find(topic);
    if (found != ids_.end()) ids_.erase(found);
    ++changes_;
  }
  forget(connection, topic);
}

void Census::forget(Connection connection, const std::string& topic) {
  const auto peer = peers_.find(connection);
  if (peer == peers_.end()) return;
  const auto holders = holders_.find(topic);
  if (holders != holders_.end()) {
    holders->second.erase(connection);
    if (holders->second.empty()) holders_.erase(holders);
  }
  if (peer->second.topics.erase(topic) == 1) peer->second.topicBytes -= topic.size() + kTopicOverhead;
  if (!isOwnTopic(topic)) ++changes_;
  if (peer->second.topics.empty()) peers_.erase(peer);
}

void Census::settle() {
  // First those we know by name, with all the topics they had; what is left went with others.
  std::vector<std::string> ids;
  std::copy_if(gone_.begin(), gone_.end(), std::back_inserter(ids), isIdTopic);
  for (const std::string& id : ids) leave(id);
  for (const std::string& topic : gone_) leaveOneOf(topic);
  gone_.clear();
  countStrangers();
}

void Census::leave(const std::string& id) {
  const auto found = ids_.find(id);
  if (found == ids_.end()) return;
  // While a peer reconnects its new connection may be known before the old one is gone: the oldest goes.
  const Connection connection = found->second.front().connection;
  found->second.erase(found->second.begin());
  ++changes_;
  if (found->second.empty()) ids_.erase(found);
  const auto peer = peers_.find(connection);
  if (peer == peers_.end()) return;
  for (const std::string& topic : std::set<std::string>(peer->second.topics)) {
    const auto same = gone_.find(topic);
    if (same != gone_.end()) gone_.erase(same);
    forget(connection, topic);
  }
}

void Census::leaveOneOf(const std::string& topic) {
  // Of several that it could have been, the one with the fewest topics: they all are taken from the same one then.
  const auto holders = holders_.find(topic);
  if (holders == holders_.end()) return;
  auto leaving = peers_.end();
  for (Connection connection : holders->second) {
    const auto peer = peers_.find(connection);
    if (hasId(peer->second)) continue;  // it goes with that
    if (leaving == peers_.end() || peer->second.topics.size() < leaving->second.topics.size()) leaving = peer;
  }
  if (leaving != peers_.end()) forget(leaving->first, topic);
}

KnownPeer Census::known(const Peer& peer) {
  const Frame& first = peer.keepsConnectionUnique;
  KnownPeer known{first.peerAddress(), peer.since, 0, true, {}};
  known.key = first.peerKey();
  if (!known.key.empty()) known.name = first.peerName();
  for (const std::string& topic : peer.topics) {
    if (isIdTopic(topic)) ++known.subscribers;
    if (!peer.isOurs || !isOwnTopic(topic)) known.topics.push_back(topic);
  }
  return known;
}

std::vector<KnownPeer> Census::peers() const {
  std::vector<KnownPeer> all;
  for (const auto& [connection, peer] : peers_) {
    KnownPeer each = known(peer);
    if (each.subscribers > 0 || !peer.isOurs) all.push_back(std::move(each));
  }
  for (const auto& [id, arrivals] : ids_) {
    for (const Arrival& arrival : arrivals) {
      if (!arrival.connection) all.push_back({{}, arrival.since, 1, false, {}});
    }
  }
  return all;
}

std::vector<std::string> Census::topicsFrom(std::string_view beginning, std::size_t most) const {
  std::vector<std::string> topics;
  for (auto it = holders_.lower_bound(std::string(beginning)); it != holders_.end() && topics.size() < most; ++it) {
    if (it->first.compare(0, beginning.size(), beginning) != 0) break;
    topics.push_back(it->first);
  }
  return topics;
}

const std::set<std::string>* Census::topicsOf(const void* connection) const {
  const auto peer = peers_.find(connection);
  return peer == peers_.end() ? nullptr : &peer->second.topics;
}

const Frame* Census::newsOf(const void* connection) const {
  const auto peer = peers_.find(connection);
  return peer == peers_.end() ? nullptr : &peer->second.keepsConnectionUnique;
}

bool Census::hasOther(const std::string& topic, const void* connection) const {
  const auto holders = holders_.find(topic);
  return holders != holders_.end() && holders->second.size() > holders->second.count(connection);
}

bool Census::haveBoth(const std::string& topic, const std::string& other) const {
  const auto some = holders_.find(topic), others = holders_.find(other);
  if (some == holders_.end() || others == holders_.end()) return false;
  return std::includes(others->second.begin(), others->second.end(), some->second.begin(), some->second.end(),
                       std::less<>());
}

bool Census::hasId(const Peer& peer) {
  const auto id = peer.topics.lower_bound(std::string(kIdPrefix));
  return id != peer.topics.end() && isIdTopic(*id);
}

void Census::countStrangers() {
  strangers_ = 0;
  for (auto& [connection, peer] : peers_) {
    if (peer.isOurs) continue;
    ++strangers_;
    if (!std::exchange(peer.hasArrived, true)) ++arrivals_;
  }
}

}  // namespace dividere::detail
