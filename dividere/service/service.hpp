#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "../connection/socket_options.hpp"
#include "../core/detail/hidden.hpp"
#include "../core/interrupt.hpp"
#include "../core/timeout.hpp"
#include "../reactor/handlers.hpp"
#include "../registry/address.hpp"

namespace dividere::detail {
class ServiceCore;
}

namespace dividere::service {

struct ServiceOptions {
  /// The registries that the service registers with: all of them.
  std::vector<registry::Location> registries{registry::Location{}};

  /// The first free port of this range is taken.
  std::uint16_t firstPort = 5100;
  std::uint16_t lastPort = 6000;

  /// Handlers that may run at once. With more than one, each runs in a thread of its own, and they must be safe to run
  /// together.
  int threads = 1;

  /// The address that is registered. Empty: that of the interface with the default route, or 127.0.0.1 where there is only
  /// loopback.
  std::string advertise;

  /// A registry forgets the service after this time without a renewal. It is renewed three times as often. 0: never.
  std::chrono::milliseconds lease{5000};

  /// When a registry comes back, each service registers at a random moment within this time.
  std::chrono::milliseconds jitter{250};

  connection::SocketOptions socket;
};

/// Replies to requests that are addressed to a name. Whoever looks the name up finds it, wherever it runs. A base class, or
/// used as it is.
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
/// Listens on every interface from construction on, and replies from start() on, to any service::Client, Request or
/// Dealer. What a handler throws is told to the client. The service stays registered: when a registry restarts, or comes
/// later, it registers again by itself. Several services may have one name.
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

  /// Promises the `service` block of this full name, of a .proto that is linked into the program (generic services are not
  /// needed):
  ///
  ///     service.on("Add", add).on("Sub", sub).implements("demo.Calculator");
  ///
  /// start() then throws an Error that names each method that has no handler (Errc::unknownType), or whose handler takes or
  /// returns another type (Errc::wrongType). on(handler) counts for the one method that takes its type. A request that
  /// names no method goes to the one that takes its type, if there is just one. A reply of another type than the method
  /// returns is the handler's failure. Any number of times, before start().
  Service& implements(const std::string& fullServiceName);

  /// Only those whose keys are in this group (authorized.<group>) may call: others are refused at the connection, and their
  /// calls end with Errc::unauthorized. Before start(). Throws std::errc::operation_not_permitted where the program is not
  /// secured: dividere::secure().
  Service& onlyFor(const std::string& group);

  /// Starts to reply, and to register; waits until a registry knows of it, at most this long. False if none did in time: it goes
  /// on trying until stop(). Does nothing after stop(). Throws Error{outOfTurn} the second time.
  bool start(Timeout timeout);
  bool start(Timeout timeout, const Interrupt& interrupt);  ///< raised: as at the time-out

  /// The same, waiting for three seconds at most; says so in the log if no registry was there by then.
  void start();

  /// Unregisters, lets running handlers finish, ends the threads and closes the socket. Requests that no handler has begun
  /// get Errc::stopping, as long as their peers read, for a second at most. A silent registry is waited for 200 ms. Any
  /// number of times, also without a start(). Any thread; from a handler it does not wait.
  void stop();

  /// Runs `function` in the service's thread, in the order of the calls. Any thread; nothing after stop().
  void post(std::function<void()> function);

  const std::string& name() const;
  std::uint16_t port() const;

 private:
  detail::Hidden<detail::ServiceCore> core_;
};

}  // namespace dividere::service
