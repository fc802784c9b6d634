#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "../core/detail/hidden.hpp"
#include "../core/timeout.hpp"

namespace dividere::detail {
class BrokerCore;
}

namespace dividere::balancing {

struct BrokerOptions {
  /// A worker that is silent for this long is asked for a sign of life. It must be positive.
  std::chrono::milliseconds heartbeat{3000};

  /// Further periods of silence after which it is taken for dead.
  int liveness = 2;

  /// Requests that may wait while no worker is idle: their number, and the bytes of all their frames. One more is
  /// refused with Errc::overloaded at once. With more bytes than that at workers, none is given a second one, whatever
  /// its capacity. The same bounds hold for replies that are kept for clients which read none.
  /// ZeroMQ's own queues hold more of them: for each client 100 at most, of some 6 MiB, or one that is larger; for all clients
  /// maxWaitingBytes at most, but one reply each always.
  std::size_t maxWaiting = 100000;
  std::size_t maxWaitingBytes = 256 * 1024 * 1024;

  /// How long a request may wait. Then its client gets Errc::noWorker if no worker could do it, Errc::overloaded
  /// otherwise. Zero: no limit.
  std::chrono::milliseconds maxWait{60000};

  /// Workers that may die with one request at hand. Until then it is given to another; then its client gets
  /// Errc::gaveUp.
  int maxAttempts = 3;

  /// How long a worker may take for a request. Then the client gets Errc::deadlinePassed; the worker gets its next
  /// request when it is done. Zero: no limit.
  std::chrono::milliseconds handlerDeadline{0};

  /// How long a busy worker that cannot give signs of life while it works (a Python one) may be silent.
  std::chrono::milliseconds silentHandlerLimit{60000};

  /// The groups of keys that may come as clients, and as workers (SocketOptions::onlyFor). Empty: whoever may connect.
  std::string frontOnlyFor;
  std::string backOnlyFor;
};

/// The figures of a Broker at one moment. Always: read = replied + errors + cancelled + waiting + inFlight.
struct BrokerStats {
  std::uint64_t read = 0;          ///< requests taken in; a retry of one in progress is not counted again
  std::uint64_t replied = 0;       ///< requests with a worker's reply
  std::uint64_t errors = 0;        ///< requests with an error in place of one
  std::uint64_t cancelled = 0;     ///< requests that their clients gave up, so that there is nobody to be replied to
  std::size_t waiting = 0;         ///< requests that no worker has
  std::size_t inFlight = 0;        ///< requests at a worker, or whose reply the client has no room for yet
  std::size_t workers = 0;         ///< workers taken for alive
  std::uint64_t redispatched = 0;  ///< times a request was given to another worker
  std::uint64_t late = 0;          ///< replies dropped: late, a second one, or of a cancelled request
  std::uint64_t expired = 0;       ///< those of the errors whose caller's time had passed before a worker had them
  std::uint64_t junk = 0;          ///< messages dropped: not what a client or worker sends
};

/// Hands requests of any number of Clients to whichever Worker is idle, in turn. Of those that wait, ones of a higher priority
/// (CallOptions::priority, 255 at most) go first; each eighth goes to another priority, so that none waits for ever.
///
/// Binds `tcp://*:port` for clients (front) and for workers (back); 0 takes a free port. Runs in a thread of its own from
/// construction on. Serves typed and byte messages on the same ports, and Python workers and clients (doc/wire.md):
/// a worker's dialect is known by what it sends. A request that is a msgEnvelope goes to typed workers, or to byte workers
/// if there are no typed ones. Any other request goes to byte workers.
///
/// The promise: each request that the broker has read gets exactly one outcome at its client, a reply or an error, as long
/// as broker and client live, whatever dies among the workers. Execution is at least once: if a worker dies (its
/// connection ends, or it is silent), its request is given to another, BrokerOptions::maxAttempts times at most. A slow
/// worker is not a dead one: a dividere Worker gives signs of life while its handler runs.
///
/// A request may say how long its client waits. After that no worker is given it, and it ends with Errc::deadlinePassed; a
/// worker is told how much of that time is left. A request that its client cancels is given to no worker any more; a Worker that
/// has it is told. A client's retry of a request in progress (known by its correlation frame) is not executed again. Late and second
/// replies are dropped. Parts of a stream come in order, each once, as fast as the client takes them; if the request is given to
/// another worker, they come again from the first.
///
/// Not promised: anything after the broker itself dies (clients retry; nothing is kept on disk); execution exactly once;
/// the order of replies; an error to a client that sends plain bytes without a correlation frame, as it would take the
/// error for its reply; more replies than are kept, to a client that reads none.
class Broker {
 public:
  /// Throws Error{address_in_use} for a port that is taken, Error{invalid_argument} for options that make no sense.
  Broker(std::uint16_t frontPort, std::uint16_t backPort, const BrokerOptions& options = {});

  /// Stops, as stop().
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// Ends requests that wait or are in flight with Errc::stopping, ends the thread and frees both ports. Outcomes are delivered as
  /// long as clients read, for a second at most; those that are left stay in BrokerStats::inFlight. Any thread, any number of times.
  void stop();

  /// Any thread.
  BrokerStats stats() const;

  std::uint16_t frontPort() const;
  std::uint16_t backPort() const;

  /// Waits until at least `n` workers are there; false if they were not in time. Any thread.
  bool waitForWorkers(std::size_t n, Timeout timeout) const;
  bool waitForWorkers(std::size_t n, Timeout timeout,
                      const Interrupt& interrupt) const;  ///< raised: as at the time-out

 private:
  detail::Hidden<detail::BrokerCore> core_;
};

}  // namespace dividere::balancing
