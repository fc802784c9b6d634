#pragma once

// The connections that peers make to a host, up to the end of their handshakes.

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "../../core/detail/deadline.hpp"
#include "handshake.hpp"

namespace dividere::detail {

/// Tells why a connection ended before it was ready. libzmq says nothing of a peer that does not fit: its connection just ends,
/// without news of its handshake. And it does not say whose handshake succeeded: where one did while a connection was open, that
/// one is not taken for a misfit. One thread.
class Handshakes {
 public:
  /// `peer`: where it is; empty if that is not known.
  void accepted(int descriptor, const std::string& peer) { open_[descriptor] = {peer, successes_}; }

  /// Somebody's.
  void succeeded() noexcept { ++successes_; }

  /// That of the connection whose end is told next.
  void failed(HandshakeFault fault) noexcept { fault_ = fault; }

  /// What ended a connection before it was ready, or none; `peer` is set if it is known.
  HandshakeFault ended(int descriptor, std::string& peer);

  /// The number is another connection's, which was not accepted here.
  void forget(int descriptor) { open_.erase(descriptor); }

 private:
  struct Caller {
    std::string peer;
    std::uint64_t successesBefore;
  };

  std::map<int, Caller> open_;
  std::uint64_t successes_ = 0;
  HandshakeFault fault_ = HandshakeFault::none;
};

/// Which misfits are worth a line in the log. One whose host comes with a socket that fits within a second only looked for the
/// kind that does, as describe() does. One that tries again and again is told after a minute, two, four, up to an hour. One
/// thread.
class Misfits {
 public:
  using Clock = Deadline::Clock;

  void accepted(const std::string& peer);
  void succeeded() noexcept;

  /// Whether it is held back, to be told of later.
  bool refused(const std::string& peer, Clock::time_point now);

  /// When told() is to be called next; never, if nothing is held back.
  Clock::time_point due() const noexcept { return due_; }

  /// Whether one is to be told of now, and where that one is.
  bool told(Clock::time_point now, std::string& peer);

 private:
  std::string peer_;                                  // who is held back
  Clock::time_point due_ = Clock::time_point::max();  // while somebody is
  bool hasCompany_ = false;                           // another connection of that host is under way
  bool isProlonged_ = false;                          // ... and was waited for once
  Clock::time_point again_{};
  std::chrono::seconds pause_{60};
};

}  // namespace dividere::detail
