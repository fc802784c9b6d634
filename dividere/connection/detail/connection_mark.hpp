#pragma once

// Which connection a message came by.

#include "frame.hpp"

namespace dividere::detail {

/// Tells a connection from all others, of the past and to come. (A descriptor's number does not: the next connection
/// may get it again.)
class ConnectionMark {
 public:
  ConnectionMark() = default;

  /// Of the connection that brought this frame, which the mark shares: a short one, as it is kept. Not the frame that a
  /// ROUTER puts in front, which does not always know it.
  explicit ConnectionMark(Frame& received) : frame_(received.share()), connection_(keyOf(received)) {}

  /// Whether the frame came by another connection. One that is not known is no other.
  bool isOther(const Frame& received) const {
    const void* const connection = keyOf(received);
    return connection_ && connection && connection != connection_;
  }

  /// The connection's descriptor, which EventType::disconnected names; -1 if it is not known. Its number may be that of
  /// another connection by now.
  int descriptor() const;

  /// The address of a property of the connection: no other has it as long as a message of this one is kept. Null for
  /// inproc, and for what libzmq itself reports of a peer that is gone.
  static const void* keyOf(const Frame& frame);

 private:
  Frame frame_;
  const void* connection_ = nullptr;
};

}  // namespace dividere::detail
