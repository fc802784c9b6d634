#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "../connection/socket_options.hpp"
#include "../core/detail/hidden.hpp"
#include "../reactor/handlers.hpp"
#include "../registry/address.hpp"

namespace dividere::detail {
class ServiceCore;
}

namespace dividere::service {

struct ServiceOptions {
  /// The registries to be known to: each of them.
  std::vector<registry::Location> registries{registry::Location{}};

  /// The first free port from here to there is taken.
  std::uint16_t firstPort = 5100;
  std::uint16_t lastPort = 6000;

  /// Handlers that may run at once. More than one must be able to, then; they run in threads of their own.
  int threads = 1;

  /// What is registered as this machine's address; empty: that of the interface with the default route, 127.0.0.1
  /// where there is only loopback.
  std::string advertise;

  /// A registry forgets the service this long after it has last heard of it; it is told three times as often. 0: it
  /// never forgets.
  std::chrono::milliseconds lease{5000};

  /// Services do not all register at once when a registry comes back, but each at some time within this.
  std::chrono::milliseconds jitter{250};

  connection::SocketOptions socket;
};

/// Answers requests that are addressed to a name: found by whoever looks the name up,
/// wherever it runs. A base class, or used as it is.
///
///     class Calculator : public service::Service {  // known as "demo.Calculator", if that is its namespace
///      public:
///       Calculator() { on(&Calculator::add); }
///       ~Calculator() { stop(); }
///       Sum add(const Add& numbers);
///     };
///     Calculator calculator;
///     calculator.start();
///
/// Listens on every interface from construction on, and answers from start() on: any service::Client, Request or
/// Dealer. A handler that throws answers with what it threw. It registers with its registries and stays
/// registered: when one is restarted, or was not there yet, it registers by itself. Several may have one name.
///
/// on() and the like belong to the thread that makes it, and come before start(). Handlers run one at a time in the
/// service's thread, or several at once if ServiceOptions::threads says so. A derived class calls stop() in its
/// destructor if its handlers use its members, which would otherwise be gone first.
class Service : public reactor::Handling<Service> {
 public:
  /// Throws Error{noFreePort}, naming the range, if every port is taken, and std::errc::invalid_argument for a name that is
  /// not 1 to 255 bytes of printable UTF-8.
  explicit Service(const std::string& name, const ServiceOptions& options = {});

  /// Named after the derived class: its namespaces and its name, with dots between. Known from start() on; needs RTTI.
  explicit Service(const ServiceOptions& options = {});

  /// Stops, as stop(). Not from within a handler.
  virtual ~Service();

  /// Calls `function` in the service's thread once a period, as MtMsgReactor::every(). Before start().
  Service& every(std::chrono::milliseconds period, std::function<void()> function);

  /// Starts to answer, and to register; waits until a registry knows of it, at most this long. False if none did in
  /// time: it goes on trying until stop(). Does nothing after stop(). Throws Error{outOfTurn} the second time.
  bool start(std::chrono::milliseconds timeout);

  /// The same, waiting for three seconds at most; says so in the log if no registry was there by then.
  void start();

  /// Unregisters, lets the handlers at work finish, ends the threads and closes the socket; requests that no handler
  /// has begun are told that it is stopping. Prompt: a registry that does not answer is waited for 200 ms. Any number
  /// of times, also without a start(). Any thread; from a handler it does not wait for anything.
  void stop();

  /// Runs `function` in the service's thread, in the order of the calls. Any thread; nothing after stop().
  void post(std::function<void()> function);

  const std::string& name() const;
  std::uint16_t port() const;

 private:
  detail::Hidden<detail::ServiceCore> core_;
};

}  // namespace dividere::service
