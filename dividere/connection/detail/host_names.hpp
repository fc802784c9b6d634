#pragma once

// Host names, looked up where that keeps nobody up.

#include <functional>
#include <memory>
#include <string>

#include "destinations.hpp"

namespace dividere::detail {

/// Calls `found` once this host is known to be found: for an address at once, in this thread; for a name when the system's
/// resolver has found it, in another thread. Tries again every 5 s until then, or until `wanted` is gone; the log says once
/// that it is not found, and when it is, in the name of `who`. Any thread.
///
/// libzmq looks names up in its I/O thread, where one that takes seconds holds up every socket of the process: so what a
/// registry lists, and where brokers are, is looked up before. Four at a time; of more than 1000 that wait the last are
/// passed over.
void whenHostIsFound(const std::string& who, const std::string& host, std::weak_ptr<const void> wanted,
                     std::function<void()> found);

/// One endpoint, from when its host is found; alive as long as its socket.
class FoundEndpoint final : public Destinations, public std::enable_shared_from_this<FoundEndpoint> {
 public:
  /// Looks its host up, in the name of `who`, and then has the socket connect there.
  void find(const std::string& who, const std::string& host, const std::string& endpoint);
};

/// Whether this host needs no looking up; brackets are allowed around one of IPv6.
bool isHostAddress(const std::string& host);

}  // namespace dividere::detail
