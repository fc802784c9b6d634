#pragma once

// What the sockets of this process have done so far.

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace dividere {

/// How long the handler of one type, or of one method, has run. Where it is done within 10 us, each sixteenth message is timed
/// and counts for sixteen: so the figures are near, and the clock costs little.
struct HandlerTime {
  /// The first bucket is of less than 1024 ns, each that follows of less than twice as long, the last of all else.
  static constexpr std::size_t kBuckets = 32;

  std::string handles;  ///< the method, or the type
  std::chrono::nanoseconds total{0};
  std::array<std::uint64_t, kBuckets> buckets{};  ///< messages
};

/// Why peers were not agreed with, and how often.
struct HandshakeFaults {
  std::string reason;  ///< as SocketEvent::reason
  std::uint64_t count = 0;
};

/// What one socket has done in its life. Bytes are those of all frames, envelopes included, as they are before encryption.
struct Statistics {
  std::string
      kind;  ///< what it is, or part of: "publisher", "subscriber", "broker", "service", "service client", ... The handlers
             ///< of a Service, a Worker or a reactor stand apart from its sockets: "service handlers", ...
  std::string name;      ///< SocketOptions::name; the name of a service or of what is called
  std::string endpoint;  ///< the first it has bound or connected to; empty before that

  std::uint64_t messagesIn = 0;  ///< a publisher's are the topics that its subscribers ask for
  std::uint64_t messagesOut = 0;
  std::uint64_t bytesIn = 0;
  std::uint64_t bytesOut = 0;
  std::uint64_t dropped = 0;           ///< Publisher::dropped(); a Service's replies to clients that read too slowly
  std::uint64_t missed = 0;            ///< messaging::Subscriber::missed()
  std::uint64_t reconnects = 0;        ///< connections it made to a peer that it had lost
  std::uint64_t handshakesFailed = 0;  ///< peers, on either side, with which it could not agree on how to talk
  std::uint64_t skipped = 0;           ///< messaging::Subscriber::skipped()
  std::uint64_t refused = 0;  ///< messages that nobody was given to handle: of no known type, malformed, or too many
  std::uint64_t expired = 0;  ///< requests whose caller's time had passed before
  std::uint64_t queue = 0;  ///< requests that wait now, of a Service and of a Broker's front, beside what ZeroMQ holds
  std::vector<HandshakeFaults> handshakeFaults;  ///< those that libzmq gives a reason for
  std::vector<HandlerTime> handlers;             ///< where `kind` is one of handlers
};

/// Of every socket of this process, and of all handlers, in the order they were made; in a forked child, of its own alone. Any
/// thread. Sockets go on counting meanwhile: the figures of one may be a message apart.
std::vector<Statistics> statistics();

/// The same as text for Prometheus, for a program to serve by HTTP. It is valid in both formats: text/plain; version=0.0.4, and
/// application/openmetrics-text; version=1.0.0. Sockets with the same kind, name and endpoint are added up. A counter falls when
/// a socket ends. Any thread.
std::string openMetrics();

}  // namespace dividere
