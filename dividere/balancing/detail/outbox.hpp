#pragma once

// Replies on their way to clients.

#include <string_view>

#include "../../core/detail/log_line.hpp"
#include "../../reactor/detail/alarm.hpp"
#include "../../reactor/detail/kept_replies.hpp"
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
  bool isFullFor(std::string_view client) const { return kept_.isFullFor(client); }

  bool isEmpty() const { return kept_.isEmpty(); }

  /// Clients may have room again. Looks soon, if not at once.
  void roomMayBe();

  /// Sends what is kept as long as clients take what is theirs, and no longer than about a second.
  void flushToTheEnd();

 private:
  bool trySend(KeptReply& reply);

  FrameSource& front_;
  BrokerTally& tally_;
  KeptReplies kept_;
  Alarm alarm_;
  ReplyWindows windows_;
  RateLimit drops_;
};

}  // namespace dividere::detail
