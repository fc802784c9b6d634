#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "../core/detail/hidden.hpp"
#include "../reactor/handlers.hpp"

namespace dividere::detail {
class WorkerCore;
}

namespace dividere::balancing {

struct WorkerOptions {
  /// The Broker's BrokerOptions::heartbeat: half as much again is the pause between signs of life.
  std::chrono::milliseconds heartbeat{3000};

  /// Typed requests the broker may send at a time. They are handled one after the other all the same: more than one saves
  /// the wait for the next, and costs fairness while handlers are slow.
  std::uint32_t capacity = 1;
};

/// Does the work a Broker hands out: connects to the broker's back end, and calls
/// a handler for each request, one at a time, in a thread of its own.
///
/// With typed handlers (on()) it works for the typed dialect, with onBytes() for plain bytes; with both, start() throws.
/// A handler's answer is what it returns or sends with its Sender, once. If it throws, the client is told.
///
/// Signs of life go on while a handler runs, however long. A broker that restarts is found and registered with again as
/// soon as it is back.
class Worker : public reactor::Handling<Worker> {
 public:
  /// Throws Error{badEndpoint}, and Error{invalid_argument} for options that make no sense.
  explicit Worker(const std::string& endpoint, const WorkerOptions& options = {});

  /// Stops, as stop(). Not from within a handler. A class derived from this one whose handlers use its members calls
  /// stop() in its own destructor.
  ~Worker();

  /// Answers each request, whatever its bytes, with the bytes it returns. Before start().
  Worker& onBytes(std::function<std::string(std::string_view)> handler);

  /// Connects and registers; does nothing after stop(). Throws Error{outOfTurn} the second time.
  void start();

  /// Finishes and answers the request at hand, says goodbye (what else it was given goes to others) and ends the threads.
  /// Any thread, any number of times; from a handler it does not wait.
  void stop();

  const std::string& endpoint() const;

 private:
  detail::Hidden<detail::WorkerCore> core_;
};

}  // namespace dividere::balancing
