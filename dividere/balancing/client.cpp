#include "client.hpp"

#include <google/protobuf/message.h>

#include <algorithm>
#include <random>

#include "../connection/detail/socket.hpp"
#include "../core/detail/options.hpp"
#include "../messaging/detail/codec.hpp"
#include "../messaging/detail/correlation.hpp"
#include "../messaging/detail/error_envelope.hpp"

namespace dividere::detail {

using balancing::RetryPolicy;

/// The lazy pirate of the ZeroMQ Guide, with a correlation id in place of a fresh socket for each try.
class BalancingClient {
 public:
  BalancingClient(std::vector<std::string> endpoints, const RetryPolicy& policy)
      : endpoints_(std::move(endpoints)), policy_(policy), random_(std::random_device()()) {
    if (endpoints_.empty()) throw Error(Errc::badEndpoint, std::string(kWho) + ": the list of endpoints is empty");
    for (const std::string& endpoint : endpoints_) parseEndpoint(kWho, endpoint, false);
    constexpr std::chrono::milliseconds none{0};
    requireOption(policy_.maxRetries >= 0, kWho, "maxRetries must not be negative");
    requireOption(policy_.timeout > none, kWho, "timeout must be positive");
    requireOption(policy_.pause >= none, kWho, "pause must not be negative");
    requireOption(policy_.pauseMax >= none, kWho, "pauseMax must not be negative");
    requireOption(policy_.deadline >= none, kWho, "deadline must not be negative");
    policy_.pause = clampedPeriod(policy_.pause);
    policy_.pauseMax = clampedPeriod(policy_.pauseMax);
    connect();
  }

  void send(Frame&& request) {
    socket_->requireOwnProcess();
    socket_->requireSendable(request.size());
    request_ = std::move(request);
    id_ = ids_.next();
    isAsked_ = true;
    end_ = policy_.deadline > std::chrono::milliseconds(0) ? Deadline::in(policy_.deadline) : Deadline::never();
    transmit();
  }

  /// The reply's frame, or null; either way the request is done with.
  const Frame* receive() {
    socket_->requireOwnProcess();
    if (!isAsked_) throw Error(Errc::outOfTurn, std::string(kWho) + ": receive with nothing asked");
    isAsked_ = false;
    for (int retries = 0;; ++retries) {
      if (const Frame* reply = receiveUntil(earlier(end_, Deadline::in(policy_.timeout)))) return reply;
      if (retries >= policy_.maxRetries || end_.passed()) break;
      // A late reply ends the pause, too.
      if (const Frame* reply = receiveUntil(earlier(end_, Deadline::in(pauseBefore(retries))))) return reply;
      if (end_.passed()) break;
      forgetUnsent();
      connectToNext();
      transmit();
    }
    forgetUnsent();
    return nullptr;
  }

  static constexpr const char* kWho = "balancing::Client";

 private:
  void connect() {
    socket_ = std::make_unique<Socket>(kWho, ZMQ_DEALER, connection::SocketOptions());
    socket_->takeRandomName();
    socket_->connect(endpoints_[current_]);
    mayBeUnsent_ = false;
  }

  void connectToNext() {
    if (endpoints_.size() == 1) return;  // a broker that comes back is connected to again by itself
    current_ = (current_ + 1) % endpoints_.size();
    connect();
  }

  // What nobody has taken yet is of a try, or a request, that was given up: a broker that comes is not to find it.
  void forgetUnsent() {
    if (mayBeUnsent_ && !socket_->isAnyUp()) {
      socket_->takeRandomName();  // a broker may ignore who has the name of one that it does not know to be gone
      socket_->forgetUnsent();
    }
    mayBeUnsent_ = false;
  }

  void transmit() {
    mayBeUnsent_ = true;
    Multipart message;
    message.push(std::string_view(id_));
    message.push(request_.share());
    socket_->trySend(message);  // with no room the try fails by its time-out
  }

  const Frame* receiveUntil(const Deadline& deadline) {
    while (socket_->receive(deadline)) {
      std::vector<Frame>& frames = socket_->inbox().frames();
      if (frames.size() == socket_->framesReceived() && frames.size() > 1 && frames.front().view() == id_) {
        mayBeUnsent_ = false;
        return &frames.back();
      }
    }
    return nullptr;
  }

  // Half to one and a half times the pause, so that clients that failed together do not all come back together.
  std::chrono::milliseconds pauseBefore(int retry) {
    const auto pause = std::min(policy_.pause * (1 << std::min(retry, 16)), policy_.pauseMax);
    std::uniform_int_distribution<std::chrono::milliseconds::rep> jitter(pause.count() / 2, pause.count() * 3 / 2);
    return std::chrono::milliseconds(jitter(random_));
  }

  const std::vector<std::string> endpoints_;
  RetryPolicy policy_;
  std::mt19937 random_;
  std::size_t current_ = 0;
  std::unique_ptr<Socket> socket_;
  CorrelationIds ids_;
  std::string id_;
  Frame request_;
  Deadline end_ = Deadline::never();
  bool isAsked_ = false;
  bool mayBeUnsent_ = false;  // something was sent by this socket since its last reply
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
  if (!client_) throw Error(Errc::movedFrom, detail::BalancingClient::kWho);
  return *client_;
}

void Client::send(const google::protobuf::Message& message) {
  client().send(detail::encodeFrame(detail::BalancingClient::kWho, message));
}

std::unique_ptr<google::protobuf::Message> Client::recv() {
  const detail::Frame* reply = client().receive();
  if (!reply) return nullptr;
  detail::throwIfErrorEnvelope(detail::BalancingClient::kWho, reply->view());  // though its type may be linked here
  return detail::decodeEnvelope(detail::BalancingClient::kWho, reply->view());
}

bool Client::callInto(const google::protobuf::Message& message, google::protobuf::Message& reply) {
  send(message);
  const detail::Frame* frame = client().receive();
  if (frame) detail::decodeEnvelopeInto(detail::BalancingClient::kWho, frame->view(), reply);
  return frame != nullptr;
}

std::optional<std::string> Client::callBytes(std::string_view bytes) {
  client().send(detail::Frame(bytes));
  const detail::Frame* reply = client().receive();
  if (!reply) return std::nullopt;
  detail::throwIfErrorEnvelope(detail::BalancingClient::kWho, reply->view());
  return reply->str();
}

}  // namespace dividere::balancing
