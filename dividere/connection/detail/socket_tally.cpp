#include "socket_tally.hpp"

#include <algorithm>
#include <cctype>
#include <mutex>
#include <utility>

namespace dividere::detail {

// "connection::Publisher (front)": a publisher. A Client, of whatever it is one: "service client". A Server: "registry".
static std::string kindOf(const std::string& who) {
  const std::size_t colons = who.find("::");
  std::string layer = who.substr(0, colons);
  std::string kind = colons == std::string::npos ? who : who.substr(colons + 2);
  kind.resize(std::min(kind.size(), kind.find(' ')));
  if (kind == "Server") return layer;
  for (char& each : kind) each = static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
  return kind == "client" ? layer + " client" : kind;
}

SocketTally::SocketTally(const std::string& who, std::string name) : kind_(kindOf(who)), name_(std::move(name)) {}

void SocketTally::setEndpoint(const std::string& endpoint) {
  const std::lock_guard<std::mutex> lock(processMutex());
  endpoint_ = endpoint;
}

void SocketTally::setName(const std::string& name) {
  const std::lock_guard<std::mutex> lock(processMutex());
  if (name_.empty()) name_ = name;
}

constexpr std::size_t kMostConnectionsTold = 256;

void SocketTally::connectedTo(const std::string& endpoint) {
  const std::lock_guard<std::mutex> lock(processMutex());
  if (connectedTo_.size() < kMostConnectionsTold) connectedTo_.insert(endpoint);
}

void SocketTally::disconnectedFrom(const std::string& endpoint) {
  const std::lock_guard<std::mutex> lock(processMutex());
  connectedTo_.erase(endpoint);
}

void SocketTally::addConnections(std::vector<ConnectedTo>& all, std::size_t most) const {
  for (const std::string& endpoint : connectedTo_) {
    if (all.size() >= most) return;
    all.push_back({kind_, name_, endpoint, messagesIn.read(), messagesOut.read()});
  }
}

Statistics SocketTally::read() const {
  Statistics statistics;
  statistics.kind = kind_;
  statistics.name = name_;
  statistics.endpoint = endpoint_;
  statistics.messagesIn = messagesIn.read();
  statistics.messagesOut = messagesOut.read();
  statistics.bytesIn = bytesIn.read();
  statistics.bytesOut = bytesOut.read();
  statistics.dropped = dropped.read();
  statistics.missed = missed.read();
  statistics.reconnects = reconnects.read();
  statistics.handshakesFailed = handshakesFailed.read();
  statistics.skipped = skipped.read();
  statistics.refused = refused.read();
  statistics.expired = expired.read();
  statistics.queue = queue.read();
  for (std::size_t i = 0; i < handshakeFaults.size(); ++i) {
    const std::uint64_t count = handshakeFaults[i].read();
    const auto reason = words(static_cast<HandshakeFault>(i));
    if (count > 0) statistics.handshakeFaults.push_back({std::string(reason), count});
  }
  return statistics;
}

}  // namespace dividere::detail
