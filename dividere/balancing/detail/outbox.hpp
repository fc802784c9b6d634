#pragma once

// Replies on their way to clients.

#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "../../core/detail/log_line.hpp"
#include "../../reactor/detail/alarm.hpp"
#include "broker_tally.hpp"
#include "frame_source.hpp"
#include "reply_windows.hpp"

namespace dividere::detail {

/// Sends replies, and keeps those that wait for their client to have room for them, in order. All in the loop's thread.
class Outbox {
 public:
  /// As many replies are kept, in number and in bytes, as requests may wait.
  Outbox(FrameSource& front, ReactorLoop& loop, BrokerTally& tally, const balancing::BrokerOptions& options);

  /// The reply's first frame is its client's id. It is counted when it is sent, or its client is gone.
  void send(Multipart&& reply, bool isError);

  /// A part that comes before a reply, whose outcome is not counted. `full`: its client takes none, and has as much as is
  /// kept; `gone`: there is no such client.
  SendResult sendPart(Multipart&& part);

  /// Sends it now or never, and counts nothing.
  SendResult tell(Multipart&& message) { return front_.trySend(message); }

  /// Whether a client that takes no replies has as many as are kept.
  bool isFullFor(std::string_view client) const;

  bool isEmpty() const { return kept_.empty(); }
  std::size_t count() const { return count_; }

  /// Clients may have room again. Looks soon, if not at once: to try those who have none takes at most a fifth of the
  /// thread's time.
  void roomMayBe();

  /// Tries all clients.
  void flush();

  /// The same again and again, as long as clients take what is theirs, and no longer than about a second.
  void flushToTheEnd();

 private:
  using Clock = Deadline::Clock;

  struct Reply {
    Multipart message;
    bool isError;
    bool isPart = false;
    std::string_view client() const { return message.frames().front().view(); }
  };
  using Replies = std::deque<Reply>;

  bool trySend(Reply& reply);
  void keep(Reply&& reply);
  void sendKept(Replies& replies);

  FrameSource& front_;
  BrokerTally& tally_;
  const std::size_t maxCount_, maxBytes_;
  std::map<std::string, Replies, std::less<>> kept_;  // by client
  std::size_t count_ = 0, bytes_ = 0;
  Clock::time_point nextFlush_{};
  Alarm alarm_;
  ReplyWindows windows_;
  RateLimit drops_;
};

}  // namespace dividere::detail
