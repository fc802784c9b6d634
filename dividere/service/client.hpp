#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../connection/socket_options.hpp"
#include "../core/detail/hidden.hpp"
#include "../core/interrupt.hpp"
#include "../core/protobuf_fwd.hpp"
#include "../core/timeout.hpp"
#include "../reactor/calling.hpp"
#include "../registry/address.hpp"

namespace dividere::detail {
class ServiceDesk;
}  // namespace dividere::detail

namespace dividere::service {

struct ClientOptions {
  /// The registries to ask, as registry::Client does.
  std::vector<registry::Location> registries{registry::Location{}};

  /// How long a call waits for a service that is not registered (its registry may just have restarted), and for another instance
  /// after the last one died.
  std::chrono::milliseconds patience{1000};

  /// How often a call is given to another instance when the one that had it dies. That one may have handled it: 0 if it
  /// must not be handled twice.
  int resends = 2;

  /// How many instances a client connects to at most. Where the registry lists more, they are chosen by chance, and one that
  /// cannot be reached or keeps silent makes room for another. It must be positive.
  std::size_t maxInstances = 64;

  /// How often the registry is asked for new instances, while calls are made.
  std::chrono::milliseconds refresh{5000};

  /// Calls under way at once. Those beyond end with Errc::overloaded.
  std::size_t maxCalls = 100000;

  /// For the connections to the instances.
  connection::SocketOptions socket;
};

/// Calls a service by its name.
///
///     service::Client calculator("demo.Calculator");
///     if (auto sum = calculator.call<Sum>(numbers, 500ms)) use(*sum);
///
/// A broker's front that is announced under the name (registry::Announcement, of the kind "broker") is called as any
/// instance is; several are each other's replacement.
///
/// Looks the name up, connects to its instances and keeps the connections. Calls go to the instances in turn, preferring
/// those with fewer calls in flight. The client looks again when an instance dies, stops or keeps silent, and now and then
/// for new ones. While it is connected it needs no registry.
///
/// Any thread, any number of calls at once: call() waits for the reply, start() does not. A call() that is alone at its instance runs
/// in the caller's thread. The client's own thread receives the replies to the others.
class Client : public reactor::Calling<Client> {
 public:
  /// Begins to look the service up, and returns at once. Throws std::errc::invalid_argument for a name that no service can
  /// have: it must be 1 to 255 bytes of printable UTF-8.
  explicit Client(const std::string& serviceName, const ClientOptions& options = {});

  /// Stops, as stop(). Not while call() is under way in another thread: call stop() and let that return first. Allowed in
  /// a callback of this client.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Sends the request and waits for the reply. Nothing if none came in time.
  ///
  /// Throws Error: noService if no service of that name is registered; noRegistry if no registry told by then;
  /// handlerFailed with what the handler threw; unknownType if the service has no handler for it; gaveUp if more instances
  /// died with it than ClientOptions::resends allows, or the last one died and no other came in time,
  /// nor within ClientOptions::patience (it may have been handled); wrongType if the reply is no Reply; stopping after stop().
  template <class Reply>
  std::optional<Reply> call(const google::protobuf::Message& request, Timeout timeout) {
    std::optional<Reply> reply(std::in_place);
    if (!callInto(request, *reply, timeout)) reply.reset();
    return reply;
  }

  /// Once the Interrupt is raised, this and all below that take one do as at their time-out: they return nothing. The handler is told
  /// that the call is cancelled.
  template <class Reply>
  std::optional<Reply> call(const google::protobuf::Message& request, Timeout timeout, const Interrupt& interrupt) {
    std::optional<Reply> reply(std::in_place);
    if (!callInto(request, *reply, timeout, interrupt)) reply.reset();
    return reply;
  }

  /// The reply, whatever its type; null if none came in time.
  std::unique_ptr<google::protobuf::Message> call(const google::protobuf::Message& request, Timeout timeout);
  std::unique_ptr<google::protobuf::Message> call(const google::protobuf::Message& request, Timeout timeout,
                                                  const Interrupt& interrupt);

  /// Into a message that is reused. False, and the message untouched, if no reply came in time.
  bool callInto(const google::protobuf::Message& request, google::protobuf::Message& reply, Timeout timeout);
  bool callInto(const google::protobuf::Message& request, google::protobuf::Message& reply, Timeout timeout,
                const Interrupt& interrupt);

  /// Asks each instance that the registry knows, at once, and waits for each one's outcome: deadlinePassed if it did not
  /// reply in time; gaveUp if it died, or could not be reached. As many as
  /// ClientOptions::maxInstances at most. Throws Error{noService} or Error{noRegistry} if none is known by then, and as start().
  template <class Reply>
  std::vector<Outcome<Reply>> callAll(const google::protobuf::Message& request, Timeout timeout) {
    std::vector<Outcome<Reply>> outcomes;
    for (const detail::CallHandle& each : beginAll(request, timeout, nullptr)) outcomes.emplace_back(each);
    return outcomes;
  }

  /// Once the Interrupt is raised, those that have not replied yet end with Errc::cancelled.
  template <class Reply>
  std::vector<Outcome<Reply>> callAll(const google::protobuf::Message& request, Timeout timeout,
                                      const Interrupt& interrupt) {
    std::vector<Outcome<Reply>> outcomes;
    for (detail::CallHandle& each : beginAll(request, timeout, &interrupt)) {
      if (!each.wait(std::chrono::milliseconds::max(), &interrupt)) each.cancel();
      outcomes.emplace_back(each);
    }
    return outcomes;
  }

  /// Ends all calls (they throw Error{stopping}) and the connections, at once. Any thread, any number of times; in a
  /// callback it does not wait for the client's thread.
  void stop();

 private:
  friend class reactor::Calling<Client>;

  detail::CallHandle beginStream(const google::protobuf::Message& request, Timeout timeout, const CallOptions* options);
  detail::CallHandle begin(const google::protobuf::Message& request, Timeout timeout, const CallOptions* options,
                           detail::CallHandle::Follower follower);
  std::vector<detail::CallHandle> beginAll(const google::protobuf::Message& request, Timeout timeout,
                                           const Interrupt* interrupt);
  std::shared_ptr<detail::PendingCall> make(const google::protobuf::Message& request, Timeout timeout,
                                            const Interrupt* interrupt);

  const std::string who_;
  detail::Hidden<detail::ServiceDesk> desk_;
};

}  // namespace dividere::service
