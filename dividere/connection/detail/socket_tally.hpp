#pragma once

// What a socket counts.

#include <array>
#include <string>

#include "../../core/detail/statistics_book.hpp"
#include "handshake.hpp"

namespace dividere::detail {

/// A socket's line in statistics(). Each counter is counted by one thread at a time.
class SocketTally final : public StatisticsSource {
 public:
  /// `who` is the class whose socket it is, as in errors.
  SocketTally(const std::string& who, std::string name);
  ~SocketTally() override { leave(); }

  void setEndpoint(const std::string& endpoint);

  /// Unless it has one.
  void setName(const std::string& name);

  Statistics read() const override;

  // The socket's owner.
  Counter messagesIn, messagesOut, bytesIn, bytesOut, dropped, missed, skipped, refused, expired;
  Gauge queue;
  // The watcher's thread.
  Counter reconnects, handshakesFailed;
  std::array<Counter, kHandshakeFaults> handshakeFaults;

 private:
  const std::string kind_;
  std::string name_, endpoint_;  // under processMutex()
};

}  // namespace dividere::detail
