#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "../core/detail/hidden.hpp"
#include "../reactor/handlers.hpp"

namespace dividere::detail {
class WorkerCore;
}

namespace dividere::balancing {

struct WorkerOptions {
  /// The Broker's BrokerOptions::heartbeat. Signs of life are sent every 1.5 x this. It must be positive.
  std::chrono::milliseconds heartbeat{3000};

  /// Typed requests that each broker may send at a time. They are handled one by one in any case. More than one saves the
  /// wait for the next, and costs fairness while handlers are slow. A Broker sends 1000 at most.
  std::uint32_t capacity = 1;
};

/// Does the work that a Broker hands out, or several do. Connects to their back ends, and calls a handler for each request,
/// one at a time, in a thread of its own. It serves brokers in turn; one that is down or slow delays none of the others.
/// A broker's host that is given by name is looked up in a thread of its own: that may take its time.
///
/// Typed handlers (on()) serve the typed dialect, onBytes() serves plain bytes. With both, start() throws. A handler's reply
/// is what it returns or sends with its Sender, once; parts may come before it, and it may be left to a Later. If it throws, the
/// client is told.
///
/// Signs of life go on while a handler runs, however long; but not to a Python broker, which would take this worker for
/// idle. When a broker restarts, the worker registers again.
class Worker : public reactor::Handling<Worker> {
 public:
  /// Throws Error{badEndpoint}, and Error{invalid_argument} for options that make no sense.
  explicit Worker(const std::string& endpoint, const WorkerOptions& options = {});
  explicit Worker(const std::vector<std::string>& brokers, const WorkerOptions& options = {});
  explicit Worker(std::initializer_list<std::string> brokers, const WorkerOptions& options = {});

  /// Stops, as stop(). Not from within a handler. A class derived from this one whose handlers use its members calls
  /// stop() in its own destructor.
  ~Worker();

  /// Calls `handler` with the bytes of each request; what it returns is the reply. Before start().
  Worker& onBytes(std::function<std::string(std::string_view)> handler);

  /// Connects and registers; does nothing after stop(). Throws Error{outOfTurn} the second time, and without a handler.
  void start();

  /// Finishes the request at hand and replies to it, says goodbye and ends the threads. Other requests go to other workers: those it
  /// has not begun, those left to Laters, and a stream whose client takes no more at the moment. Any thread, any number of times;
  /// from a handler it does not wait.
  void stop();

  /// Of the first broker.
  const std::string& endpoint() const;
  const std::vector<std::string>& endpoints() const;

 private:
  detail::Hidden<detail::WorkerCore> core_;
};

}  // namespace dividere::balancing
