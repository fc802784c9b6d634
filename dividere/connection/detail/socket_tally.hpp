#pragma once

// What a socket counts.

#include <array>
#include <set>
#include <string>
#include <vector>

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

  /// The socket connects to this endpoint now, or does not any more. Of many, only the first are told of.
  void connectedTo(const std::string& endpoint);
  void disconnectedFrom(const std::string& endpoint);

  Statistics read() const override;
  void addConnections(std::vector<ConnectedTo>& all, std::size_t most) const override;

  // The socket's owner.
  Counter messagesIn, messagesOut, bytesIn, bytesOut, dropped, missed, skipped, refused, expired;
  Gauge queue;
  // The watcher's thread.
  Counter reconnects, handshakesFailed;
  std::array<Counter, kHandshakeFaults> handshakeFaults;

 private:
  const std::string kind_;
  std::string name_, endpoint_;        // under processMutex()
  std::set<std::string> connectedTo_;  // the same
};

}  // namespace dividere::detail
