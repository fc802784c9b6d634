#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "../connection/socket_options.hpp"
#include "../core/timeout.hpp"

namespace dividere {

/// What a Service, Publisher, Broker or registry::Server says of itself. Nobody checks it: a host that you do not trust may say
/// anything.
struct Description {
  struct Method {
    std::string name;     ///< empty: it is called by the type it takes
    std::string input;    ///< the full name of a type, as all types here
    std::string output;   ///< empty: it may return anything
    bool stream = false;  ///< what `output` says comes in any number, as parts
  };

  struct Type {
    std::string name;
    std::string hash;  ///< of its definition and those of all it contains: the same here and there, the same definition
  };

  struct Statistic {
    /// As in openMetrics(), without "dividere_" and "_total": "received_messages". A Service's handlers have three each, with
    /// what they handle: handler_seconds_count{handles="Ask"}, handler_nanoseconds_sum{handles="Ask"}, and of buckets that
    /// messages have come to handler_seconds_bucket{handles="Ask",le="0.000001024"}: all that took less than that.
    std::string name;
    std::uint64_t value = 0;
    std::string endpoint;  ///< of the socket that counts it; empty: of the whole
  };

  /// Where a socket of the same process connects to.
  struct Connection {
    std::string kind;  ///< of the socket, as in Statistics: "subscriber"
    std::string name;
    std::string endpoint;
    std::uint64_t messagesIn = 0;  ///< of the socket, which may connect to others, too
    std::uint64_t messagesOut = 0;
  };

  std::string process;  ///< the program's name
  std::uint32_t pid = 0;
  std::string host;
  std::string version;  ///< of dividere; of libzmq and protobuf:
  std::string libzmq;
  std::string protobuf;
  std::chrono::milliseconds uptime{0};  ///< since it was made
  std::string kind;                     ///< "service", "publisher", "broker", "registry"
  std::string name;
  std::vector<Method> methods;
  std::vector<Type> types;  ///< that methods take and return; that a publisher has sent so far
  std::string descriptors;  ///< the files that define them, each once and behind those it imports: a FileDescriptorSet
  std::string descriptorsHash;  ///< empty: there are none
  std::vector<Statistic> statistics;
  std::vector<Connection> connections;  ///< of the whole process, the first 256; none over inproc

  /// The time by its host's clock, when it replied. Nothing if it does not say.
  std::optional<std::chrono::system_clock::time_point> clock;
};

struct DescribeOptions {
  /// What is there, as ServiceAddress::kind says it. "publisher": a Publisher. Empty: that is found out, and a Publisher may log
  /// that somebody came who did not fit. All else: a Service, Broker or registry::Server.
  std::string kind;

  /// Descriptors that have this Description::descriptorsHash need not be sent.
  std::string knownHash;

  connection::SocketOptions socket;
};

/// Asks whatever is at this endpoint what it is. Nothing if it did not reply in time: nobody is there, or somebody who describes
/// nothing, as all programs of dividere 0.1 and of the Python package, which notice nothing of this. A Publisher that is idle
/// and has SocketOptions::monitor off may take a second. A Publisher also keeps silent while another of its peers subscribes to
/// everything that it sends.
///
/// The environment variable DIVIDERE_DESCRIBE of the other side says whom it replies to. `local`, the default: to programs of its
/// own host, over loopback, ipc and inproc, and to all whom its keys let in (secure()). `all`: to everybody. `off`: to nobody.
///
/// Throws Error{unauthorized} if it does not tell this host, or does not let it in, Error{overloaded} if it was asked too often
/// of late, Error{malformed} if what comes is no Description, and Error{badEndpoint}. Any thread.
std::optional<Description> describe(const std::string& endpoint, Timeout timeout, const DescribeOptions& options = {});

}  // namespace dividere
