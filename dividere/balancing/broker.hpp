#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "../core/detail/hidden.hpp"

namespace dividere::detail {
class BrokerCore;
}

namespace dividere::balancing {

struct BrokerOptions {
  /// A worker that was silent for so long is asked for a sign of life ...
  std::chrono::milliseconds heartbeat{3000};

  /// ... and taken for dead after so many further periods of silence.
  int liveness = 2;

  /// Requests that may wait while no worker is idle, in number and in bytes of all their frames; one more is answered
  /// Errc::overloaded at once. As many replies are kept for clients that do not take them.
  std::size_t maxWaiting = 100000;
  std::size_t maxWaitingBytes = 256 * 1024 * 1024;

  /// How long a request may wait; then it is answered Errc::noWorker if there is no worker that could do it,
  /// Errc::overloaded otherwise. Zero: without limit.
  std::chrono::milliseconds maxWait{60000};

  /// A request whose worker died is given to another, until so many have died with it; then it is answered
  /// Errc::gaveUp.
  int maxAttempts = 3;

  /// A request that a worker has not answered in this time is answered Errc::deadlinePassed; the worker gets the next one
  /// when it is done. Zero: without limit.
  std::chrono::milliseconds handlerDeadline{0};

  /// How long a busy worker that cannot give signs of life while it works (a Python one) may be silent.
  std::chrono::milliseconds silentHandlerLimit{60000};
};

/// A moment of a Broker. Always: read = replied + errors + waiting + inFlight, of the requests.
struct BrokerStats {
  std::uint64_t read = 0;          ///< requests taken in, retries of one still under way not counted again
  std::uint64_t replied = 0;       ///< requests with a worker's reply
  std::uint64_t errors = 0;        ///< requests with an error in place of one
  std::size_t waiting = 0;         ///< requests that no worker has
  std::size_t inFlight = 0;        ///< requests at a worker, or whose reply the client has no room for yet
  std::size_t workers = 0;         ///< workers taken for alive
  std::uint64_t redispatched = 0;  ///< times a request was given to another worker
  std::uint64_t late = 0;          ///< replies dropped: late, or a second one
  std::uint64_t junk = 0;          ///< messages dropped: not what a client or worker sends
};

/// Hands requests of any number of Clients to whichever Worker is idle, in turn.
///
/// Binds `tcp://*:port` for clients (front) and for workers (back); 0 takes a free port. Runs in a thread of its own from
/// construction on. Serves typed and byte messages on the same ports, and Python workers and clients (doc/wire.md):
/// a worker's dialect is known by what it sends. A request that is a msgEnvelope goes to typed workers, to byte workers
/// if there are no typed ones; any other goes to byte workers.
///
/// The promise: every request the broker has read gets exactly one outcome at its client, a reply or an error, as long
/// as broker and client live, whatever dies among the workers. Execution is at least once: a request whose
/// worker dies (its connection ends, or it is silent) is given to another, BrokerOptions::maxAttempts times at most.
/// A slow worker is not a dead one: a dividere Worker gives signs of life while its handler runs. A client's
/// retry of a request under way (known by its correlation frame) is not executed again; late and second replies are
/// dropped.
///
/// Not promised: anything once the broker itself dies (clients retry; nothing is kept on disk), execution exactly once,
/// the order of replies, an error to a client that sends plain bytes without a correlation frame (it would take it for
/// its answer), replies to a client that takes none of those it has, once as many as may wait are kept.
class Broker {
 public:
  /// Throws Error{address_in_use} for a port that is taken, Error{invalid_argument} for options that make no sense.
  Broker(std::uint16_t frontPort, std::uint16_t backPort, const BrokerOptions& options = {});

  /// Stops, as stop().
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// Answers what is waiting and in flight with Errc::stopping, ends the thread and frees both ports. Any thread,
  /// any number of times.
  void stop();

  /// Any thread.
  BrokerStats stats() const;

  std::uint16_t frontPort() const;
  std::uint16_t backPort() const;

  /// Whether at least `n` workers are there, waiting for it until the time-out. Any thread.
  bool waitForWorkers(std::size_t n, std::chrono::milliseconds timeout) const;

 private:
  detail::Hidden<detail::BrokerCore> core_;
};

}  // namespace dividere::balancing
