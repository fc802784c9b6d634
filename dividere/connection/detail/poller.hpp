#pragma once

// Who polls on a socket.

namespace dividere::detail {

/// Whoever polls on a socket's descriptor.
class Poller {
 public:
  /// The descriptor may be silent about a message that has come: look at the socket before waiting on it.
  virtual void lookAgain() = 0;

 protected:
  ~Poller() = default;
};

}  // namespace dividere::detail
