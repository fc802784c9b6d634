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
#include "../core/protobuf_fwd.hpp"
#include "../reactor/call.hpp"
#include "../reactor/stream.hpp"

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
class Client {
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

  /// send(), then the reply. Throws Error{wrongType} if it is no Reply.
  template <class Reply>
  std::optional<Reply> call(const google::protobuf::Message& message) {
    std::optional<Reply> reply(std::in_place);
    if (!callInto(message, *reply)) reply.reset();
    return reply;
  }

  /// The same with plain bytes, for workers with onBytes().
  std::optional<std::string> callBytes(std::string_view bytes);

  /// Sends a request, and returns at once. The call ends within this time; until then the request is sent again as the
  /// policy says. Throws Error{tooLarge}, Error{incomplete}, and Error{stopping} after stop(). All else is the call's
  /// outcome: Errc::deadlinePassed if no reply came in time.
  template <class Reply>
  Call<Reply> start(const google::protobuf::Message& request, std::chrono::milliseconds timeout) {
    return Call<Reply>(begin(request, &timeout, nullptr, nullptr));
  }
  template <class Reply>
  Call<Reply> start(const google::protobuf::Message& request, std::chrono::milliseconds timeout,
                    const CallOptions& options) {
    return Call<Reply>(begin(request, &timeout, &options, nullptr));
  }

  /// The same by the policy alone.
  template <class Reply>
  Call<Reply> start(const google::protobuf::Message& request) {
    return Call<Reply>(begin(request, nullptr, nullptr, nullptr));
  }

  /// Sends a request whose handler replies in parts, and returns at once. The parts are read in a loop, which ends within this
  /// time. Its parts come once: no other handler is given the request, unless CallOptions::repeatable says so. Throws as
  /// start().
  template <class Part>
  Stream<Part> stream(const google::protobuf::Message& request, std::chrono::milliseconds timeout) {
    return Stream<Part>(beginStream(request, timeout, nullptr));
  }
  template <class Part>
  Stream<Part> stream(const google::protobuf::Message& request, std::chrono::milliseconds timeout,
                      const CallOptions& options) {
    return Stream<Part>(beginStream(request, timeout, &options));
  }

  /// The same as start() for those who want a callback alone: as Call::then().
  template <class Reply>
  void start(const google::protobuf::Message& request, std::chrono::milliseconds timeout,
             std::function<void(Outcome<Reply>)> whenDone) {
    begin(request, &timeout, nullptr, detail::followerOf(std::move(whenDone)));
  }
  template <class Reply>
  void start(const google::protobuf::Message& request, std::chrono::milliseconds timeout, const CallOptions& options,
             std::function<void(Outcome<Reply>)> whenDone) {
    begin(request, &timeout, &options, detail::followerOf(std::move(whenDone)));
  }

  /// Ends all calls, with Errc::stopping, and the connections. Any thread, any number of times; in a callback it does not
  /// wait for the client's thread.
  void stop();

 private:
  bool callInto(const google::protobuf::Message& message, google::protobuf::Message& reply);
  detail::CallHandle beginStream(const google::protobuf::Message& request, std::chrono::milliseconds timeout,
                                 const CallOptions* options);
  detail::CallHandle begin(const google::protobuf::Message& request, const std::chrono::milliseconds* timeout,
                           const CallOptions* options, detail::CallHandle::Follower follower);
  detail::BalancingClient& client() const;

  detail::Hidden<detail::BalancingClient> client_;
};

}  // namespace dividere::balancing
