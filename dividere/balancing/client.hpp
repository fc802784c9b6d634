#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../core/detail/hidden.hpp"
#include "../core/protobuf_fwd.hpp"

namespace dividere::detail {
class BalancingClient;
class Frame;
}  // namespace dividere::detail

namespace dividere::balancing {

/// How long a Client tries.
struct RetryPolicy {
  int maxRetries = 5;                       ///< tries after the first
  std::chrono::milliseconds timeout{5000};  ///< for each try
  std::chrono::milliseconds pause{100};     ///< before the next try, give or take half; doubles each time
  std::chrono::milliseconds pauseMax{2000};
  std::chrono::milliseconds deadline{0};  ///< for all tries and pauses together, from send() on; zero: none
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
/// One thread at a time; movable.
class Client {
 public:
  /// Throws Error{badEndpoint}, and Error{invalid_argument} for a policy that makes no sense.
  explicit Client(const std::string& endpoint, RetryPolicy policy = {});
  explicit Client(const std::vector<std::string>& endpoints, RetryPolicy policy = {});
  explicit Client(std::initializer_list<std::string> endpoints, RetryPolicy policy = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
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

 private:
  bool callInto(const google::protobuf::Message& message, google::protobuf::Message& reply);
  detail::BalancingClient& client() const;

  detail::Hidden<detail::BalancingClient> client_;
};

}  // namespace dividere::balancing
