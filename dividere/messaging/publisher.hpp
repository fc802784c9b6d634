#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "../connection/publisher.hpp"
#include "../core/detail/hidden.hpp"
#include "../core/interrupt.hpp"
#include "../core/timeout.hpp"
#include "peer_info.hpp"
#include "socket.hpp"
#include "topic.hpp"

namespace dividere::detail {
class Frame;
struct Numbering;
}  // namespace dividere::detail

namespace dividere::messaging {

struct PublisherOptions {
  /// The last so many messages of each type and topic are kept, and go to each Subscriber that comes, or comes back, before
  /// anything newer: to it alone, once each. It asks for them, in portions, so that they never fill its queue.
  ///
  /// Plain ZeroMQ, Python and programs of version 0.1 do not get them, as nothing can be sent to one of them alone. While such a
  /// peer subscribes to everything, nobody gets them: that peer would get what is for others (but see keepForAll).
  std::size_t keep = 0;

  connection::SocketOptions socket;

  /// What is kept takes no more bytes than this, in all. Of a type and topic that would take more, fewer messages are kept.
  std::size_t keepBytes = std::size_t{64} << 20;

  /// So many types and topics are kept at most.
  std::size_t keepSeries = 100000;

  /// What is kept goes to those peers, too, when one subscribes. All of that kind get it each time, and those that subscribe to
  /// everything also get what is for others: they must not mind messages that come again.
  bool keepForAll = false;

  /// Each message says when it was sent, which takes 10 bytes: Subscriber::age().
  bool stamp = false;
};

/// connection::Publisher for protobuf messages, which it numbers: a Subscriber knows what it missed.
///
/// It warns, in the log, of a subscriber that asks for one of its types by a name that matches nothing: the short name, say,
/// of a packaged type.
class Publisher : public Socket<connection::Publisher> {
 public:
  explicit Publisher(const std::string& endpoint, const connection::SocketOptions& options = {});
  explicit Publisher(const std::string& endpoint, const PublisherOptions& options);
  Publisher(Publisher&&) noexcept;
  Publisher& operator=(Publisher&&) noexcept;
  ~Publisher();

  /// Throws as ProtoBuffEncoder::encode, and Error{tooLarge} beyond SocketOptions::maxMessageBytes.
  void send(const google::protobuf::Message& message);

  /// About this topic. Subscribers to the type alone get it, too. A counter is kept for each type and topic as long as the
  /// Publisher lives. Throws Error{tooLarge} for a topic of more than 1 KiB.
  void send(const google::protobuf::Message& message, const Topic& topic);

  /// False if there was no room in time, which happens only with SocketOptions::waitWhenFull.
  bool send(const google::protobuf::Message& message, Timeout timeout);
  bool send(const google::protobuf::Message& message, const Topic& topic, Timeout timeout);

  bool waitForSubscribers(std::size_t n, Timeout timeout) { return connection_.waitForSubscribers(n, timeout); }
  bool waitForSubscribers(std::size_t n, Timeout timeout, const Interrupt& interrupt) {
    return connection_.waitForSubscribers(n, timeout, interrupt);
  }
  std::size_t subscribers() const { return connection_.subscribers(); }
  std::uint64_t arrivals() const { return connection_.arrivals(); }
  std::uint64_t dropped() const { return connection_.dropped(); }

  /// Who subscribes now, and to what. Subscribers over inproc are listed, other programs' sockets there are not.
  std::vector<PeerInfo> peers() const;

  /// Calls `handler` with what peers() would return, when somebody comes, goes, or subscribes to something else; also now, if
  /// somebody is there. It runs in the watcher's thread, as Connector::onEvent(), so keep it short. It is called within about a
  /// second while this Publisher is busy, 100 times a second at most, and no more after native(). It replaces the former handler,
  /// a call of which may be under way.
  void onPeersChanged(std::function<void(const std::vector<PeerInfo>&)> handler);
  void onPeersChanged(std::function<void()> handler);
  void onPeersChanged(std::nullptr_t) { onPeersChanged(std::function<void()>()); }

 private:
  bool send(const google::protobuf::Message& message, const Topic& topic, const Timeout* timeout);
  bool sendInSeries(const google::protobuf::Message& message, const Topic& topic, const Timeout* timeout);
  bool sendNumbered(const google::protobuf::Message& message, std::uint64_t& last, detail::Frame& frame,
                    const Timeout* timeout);

  detail::Hidden<detail::Numbering> numbering_;
};

}  // namespace dividere::messaging
