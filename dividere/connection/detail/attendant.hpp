#pragma once

// What a layer above does for those who come to a Publisher.

#include <atomic>
#include <string_view>

#include "census.hpp"
#include "socket.hpp"

namespace dividere::detail {

/// Called under the Audience's mutex, by whichever thread reads the news: it calls nothing that a user gave, nor the log.
class Attendant {
 public:
  virtual ~Attendant() = default;

  /// Somebody, by this connection (as ConnectionMark::keyOf() says it), has subscribed to this.
  virtual void subscribed(std::string_view topic, const void* connection) = 0;

  /// All news were read, or as many as are at a time. Sends what there is to send, until `isWanted`; whether there is more.
  virtual bool serve(Socket& socket, const Census& census, const std::atomic<bool>& isWanted) = 0;

  /// The owner has just sent a message to everybody.
  virtual void sent() = 0;
};

}  // namespace dividere::detail
