#pragma once

// What the sockets of this process have done so far.

#include <cstdint>
#include <string>
#include <vector>

namespace dividere {

/// What one socket has done in its life. Bytes are those of all frames, envelopes included, as they are before encryption.
struct Statistics {
  std::string kind;  ///< what it is, or part of: "publisher", "subscriber", "broker", "service", "service client", ...
  std::string name;  ///< SocketOptions::name; the name of a service or of what is called
  std::string endpoint;  ///< the first it has bound or connected to; empty before that

  std::uint64_t messagesIn = 0;  ///< a publisher's are the topics that its subscribers ask for
  std::uint64_t messagesOut = 0;
  std::uint64_t bytesIn = 0;
  std::uint64_t bytesOut = 0;
  std::uint64_t dropped = 0;           ///< Publisher::dropped(); a Service's replies to clients that read too slowly
  std::uint64_t missed = 0;            ///< messaging::Subscriber::missed()
  std::uint64_t reconnects = 0;        ///< connections it made to a peer that it had lost
  std::uint64_t handshakesFailed = 0;  ///< peers, on either side, with which it could not agree on how to talk
};

/// Of every socket of this process, in the order they were made; in a forked child, of its own sockets alone. Any thread. Sockets
/// go on counting meanwhile: the figures of one may be a message apart.
std::vector<Statistics> statistics();

/// The same as text for Prometheus, for a program to serve by HTTP. It is valid in both formats: text/plain; version=0.0.4, and
/// application/openmetrics-text; version=1.0.0. Sockets with the same kind, name and endpoint are added up. A counter falls when
/// a socket ends. Any thread.
std::string openMetrics();

}  // namespace dividere
