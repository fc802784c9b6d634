#pragma once

// Replies that wait for their peer to have room.

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "../../connection/detail/socket.hpp"
#include "../../core/detail/deadline.hpp"

namespace dividere::detail {

/// A reply of a ROUTER's: its first frame is its peer's id.
struct KeptReply {
  enum class Kind { reply, error, part };  // for those who count outcomes

  Multipart message;
  Kind kind = Kind::reply;

  std::string_view peer() const { return message.frames().front().view(); }
};

/// Keeps the replies whose peers take none at the moment, and sends them, in the order of each peer, when there is room. What is
/// kept is bounded in number and bytes. Beyond that a peer gets no more of which a reply is kept; but one of each other peer
/// always. In the loop's thread.
class KeptReplies {
 public:
  using Clock = Deadline::Clock;

  struct Bounds {
    std::size_t count, bytes;
  };

  /// `trySend` says false if the reply's peer has no room at the moment, and leaves it as it is.
  KeptReplies(Bounds bounds, std::function<bool(KeptReply&)> trySend) : bounds_(bounds), trySend_(std::move(trySend)) {}

  /// Sends it, or keeps it. False if it is dropped, as no more are kept for its peer.
  bool send(KeptReply&& reply);

  /// Keeps it, however many there are.
  void keep(KeptReply&& reply);

  /// Whether what is sent to this peer has to wait for its turn.
  bool isKeptFor(std::string_view peer) const { return !isEmpty() && kept_.find(peer) != kept_.end(); }

  /// Whether no more is kept for this peer.
  bool isFullFor(std::string_view peer) const;

  bool isEmpty() const { return kept_.empty(); }

  /// Peers may have room again: tries them, unless that was done just now. To try those who have none takes at most a fifth of
  /// the thread's time.
  void roomMayBe();

  /// When to call roomMayBe() again if no socket says so before; max: nothing is kept. A socket may say so once, to a call
  /// between two tries, and not again.
  Clock::time_point nextTry() const;

  /// Tries all peers.
  void flush();

  /// The same again and again, as long as peers take what is theirs, and no longer than about a second. `socket` is the one
  /// that is sent on.
  void flushToTheEnd(Socket& socket);

 private:
  using Replies = std::deque<KeptReply>;

  void sendKept(Replies& replies);

  const Bounds bounds_;
  const std::function<bool(KeptReply&)> trySend_;
  std::map<std::string, Replies, std::less<>> kept_;  // by peer
  std::size_t count_ = 0, bytes_ = 0;
  Clock::time_point nextFlush_{}, lastFlush_{};
  bool isPut_ = false;  // off, until then
};

}  // namespace dividere::detail
