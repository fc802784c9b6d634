#include "client.hpp"

#include <google/protobuf/message.h>

#include <mutex>
#include <utility>

#include "../reactor/detail/call_reply.hpp"
#include "../reactor/detail/call_start.hpp"
#include "detail/broker_desk.hpp"

namespace dividere::detail {

/// A desk, and what send() keeps for recv().
class BalancingClient {
 public:
  BalancingClient(std::vector<std::string> endpoints, const balancing::RetryPolicy& policy)
      : desk_(new BrokerDesk(std::move(endpoints), policy)) {}
  ~BalancingClient() { endDesk(desk_); }
  BalancingClient(const BalancingClient&) = delete;
  BalancingClient& operator=(const BalancingClient&) = delete;

  BrokerDesk& desk() { return *desk_; }

  void send(const CallDesk::CallPtr& call) {
    desk_->begin(call);
    const CallDesk::CallPtr former = exchange(call);
    if (former) CallDesk::cancel(former);
  }

  /// The one that was sent last, once it has ended; null if the Interrupt came first.
  CallDesk::CallPtr receive(const Interrupt* interrupt) {
    desk_->requireOwnProcess();
    CallDesk::CallPtr call = exchange(nullptr);
    if (!call) throw Error(Errc::outOfTurn, std::string(BrokerDesk::kWho) + ": receive with nothing asked");
    if (!desk_->await(call, interrupt)) call.reset();
    return call;
  }

 private:
  CallDesk::CallPtr exchange(CallDesk::CallPtr call) {
    std::lock_guard<std::mutex> lock(mutex_);
    return std::exchange(asked_, std::move(call));
  }

  BrokerDesk* const desk_;
  std::mutex mutex_;
  CallDesk::CallPtr asked_;  // under mutex_
};

}  // namespace dividere::detail

namespace dividere::balancing {

Client::Client(const std::string& endpoint, RetryPolicy policy) : Client(std::vector<std::string>{endpoint}, policy) {}

Client::Client(std::initializer_list<std::string> endpoints, RetryPolicy policy)
    : Client(std::vector<std::string>(endpoints), policy) {}

Client::Client(const std::vector<std::string>& endpoints, RetryPolicy policy)
    : client_(std::make_unique<detail::BalancingClient>(endpoints, policy)) {}

Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

detail::BalancingClient& Client::client() const {
  if (!client_) throw Error(Errc::movedFrom, detail::BrokerDesk::kWho);
  return *client_;
}

void Client::send(const google::protobuf::Message& message) {
  detail::BrokerDesk& desk = client().desk();
  client_->send(desk.prepare(message, desk.termsByPolicy(), nullptr));
}

std::unique_ptr<google::protobuf::Message> Client::recv() { return detail::replyOf(*client().receive(nullptr)); }

std::unique_ptr<google::protobuf::Message> Client::recv(const Interrupt& interrupt) {
  const auto call = client().receive(&interrupt);
  return call ? detail::replyOf(*call) : nullptr;
}

bool Client::callInto(const google::protobuf::Message& message, google::protobuf::Message& reply,
                      const Interrupt* interrupt) {
  detail::BrokerDesk& desk = client().desk();
  const auto call = desk.prepare(message, desk.termsByPolicy(), nullptr);
  return desk.make(call, interrupt) && detail::replyInto(*call, reply);
}

std::optional<std::string> Client::callBytes(std::string_view bytes) { return makeBytes(bytes, nullptr); }

std::optional<std::string> Client::callBytes(std::string_view bytes, const Interrupt& interrupt) {
  return makeBytes(bytes, &interrupt);
}

std::optional<std::string> Client::makeBytes(std::string_view bytes, const Interrupt* interrupt) {
  detail::BrokerDesk& desk = client().desk();
  const auto call = desk.prepare(bytes, desk.termsByPolicy());
  if (!desk.make(call, interrupt)) return std::nullopt;
  return detail::replyBytes(*call);
}

detail::CallHandle Client::begin(const google::protobuf::Message& request, Timeout timeout, const CallOptions* options,
                                 detail::CallHandle::Follower follower) {
  const detail::CallTerms terms = detail::termsOf(detail::Deadline::in(timeout), options);
  return detail::startCall(client().desk(), request, terms, options, std::move(follower));
}

detail::CallHandle Client::beginByPolicy(const google::protobuf::Message& request) {
  detail::BrokerDesk& desk = client().desk();
  return detail::startCall(desk, request, desk.termsByPolicy(), nullptr, nullptr);
}

detail::CallHandle Client::beginStream(const google::protobuf::Message& request, Timeout timeout,
                                       const CallOptions* options) {
  return detail::startStream(client().desk(), request, detail::Deadline::in(timeout), options);
}

void Client::stop() { client().desk().stop(); }

}  // namespace dividere::balancing
