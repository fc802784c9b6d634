#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../core/detail/hidden.hpp"
#include "../core/interrupt.hpp"
#include "../core/protobuf_fwd.hpp"
#include "../core/timeout.hpp"
#include "../reactor/calling.hpp"

namespace dividere::detail {
class BalancingClient;
}  // namespace dividere::detail

namespace dividere::balancing {

/// How long a Client tries.
struct RetryPolicy {
  int maxRetries = 5;                       ///< tries after the first
  std::chrono::milliseconds timeout{5000};  ///< for each try
  std::chrono::milliseconds pause{100};     ///< before the next try, give or take half; doubles each time
  std::chrono::milliseconds pauseMax{2000};
  std::chrono::milliseconds deadline{0};  ///< for all tries and pauses together, from send() on; zero: none
  std::size_t maxCalls = 100000;          ///< under way at once; those beyond end with Errc::overloaded
};

/// Asks for work to be done by whichever Worker is idle.
///
/// If no reply comes in time, the request is sent again, to the next endpoint if there are several. A dividere Broker that
/// still has it does not execute it again. A reply to an earlier request is never returned for a later one. What was given
/// up before any broker took it is not executed by one that comes later.
///
/// No reply at all is a value: null, or nothing. An error in place of a reply is thrown: Errc::noWorker, Errc::overloaded,
/// Errc::handlerFailed with the handler's text, Errc::gaveUp after several workers died with it, Errc::deadlinePassed,
/// Errc::stopping, Errc::unknownType.
///
/// Any thread, any number of requests at once: call() waits for the reply, start() does not. send() and recv() are a pair,
/// of one thread at a time. A call() that is alone runs in the caller's thread. Movable, while nothing else uses it.
class Client : public reactor::Calling<Client> {
 public:
  /// Throws Error{badEndpoint}, and Error{invalid_argument} for a policy that makes no sense.
  explicit Client(const std::string& endpoint, RetryPolicy policy = {});
  explicit Client(const std::vector<std::string>& endpoints, RetryPolicy policy = {});
  explicit Client(std::initializer_list<std::string> endpoints, RetryPolicy policy = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// Stops, as stop(). Not while another thread waits in it. Allowed in a callback of this client.
  ~Client();

  /// Sends a request. A former one without a reply is given up.
  void send(const google::protobuf::Message& message);

  /// The reply; null if there was none after all tries. Throws Error{outOfTurn} if nothing was sent.
  std::unique_ptr<google::protobuf::Message> recv();

  /// Once the Interrupt is raised, this and all below that take one do as after all tries: they return nothing, and the request is
  /// given up.
  std::unique_ptr<google::protobuf::Message> recv(const Interrupt& interrupt);

  /// send(), then the reply. Throws Error{wrongType} if it is no Reply.
  template <class Reply>
  std::optional<Reply> call(const google::protobuf::Message& message) {
    std::optional<Reply> reply(std::in_place);
    if (!callInto(message, *reply, nullptr)) reply.reset();
    return reply;
  }
  template <class Reply>
  std::optional<Reply> call(const google::protobuf::Message& message, const Interrupt& interrupt) {
    std::optional<Reply> reply(std::in_place);
    if (!callInto(message, *reply, &interrupt)) reply.reset();
    return reply;
  }

  /// The same with plain bytes, for workers with onBytes().
  std::optional<std::string> callBytes(std::string_view bytes);
  std::optional<std::string> callBytes(std::string_view bytes, const Interrupt& interrupt);

  /// With a time-out the call ends within that; until then the request is sent again as the policy says.
  using reactor::Calling<Client>::start;

  /// The same by the policy alone.
  template <class Reply>
  Call<Reply> start(const google::protobuf::Message& request) {
    return Call<Reply>(beginByPolicy(request));
  }

  /// Ends all calls, with Errc::stopping, and the connections. Any thread, any number of times; in a callback it does not
  /// wait for the client's thread.
  void stop();

 private:
  friend class reactor::Calling<Client>;

  bool callInto(const google::protobuf::Message& message, google::protobuf::Message& reply, const Interrupt* interrupt);
  std::optional<std::string> makeBytes(std::string_view bytes, const Interrupt* interrupt);
  detail::CallHandle beginStream(const google::protobuf::Message& request, Timeout timeout, const CallOptions* options);
  detail::CallHandle begin(const google::protobuf::Message& request, Timeout timeout, const CallOptions* options,
                           detail::CallHandle::Follower follower);
  detail::CallHandle beginByPolicy(const google::protobuf::Message& request);
  detail::BalancingClient& client() const;

  detail::Hidden<detail::BalancingClient> client_;
};

}  // namespace dividere::balancing
