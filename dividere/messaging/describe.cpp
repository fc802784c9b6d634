#include "describe.hpp"

#include "../connection/detail/census.hpp"
#include "../connection/detail/router.hpp"
#include "detail/describe_topic.hpp"
#include "detail/describing.hpp"
#include "detail/envelope_format.hpp"
#include "detail/error_envelope.hpp"

namespace dividere::detail {

constexpr const char* kDescribe = "dividere::describe";

/// One that asks one endpoint.
class Asker {
 public:
  Asker(const std::string& endpoint, const DescribeOptions& options, const Deadline& deadline)
      : endpoint_(endpoint), options_(options), deadline_(deadline) {}

  std::optional<Description> ask() {
    if (options_.kind == "publisher") return askPublisher();
    if (!options_.kind.empty()) return askRouter();
    try {
      std::optional<Description> told = askRouter();
      if (told || !isOfOtherKind_.isRaised()) return told;
    } catch (const Error& error) {
      if (error.code() != Errc::unauthorized || !isLetOut_) throw;
    }
    return askPublisher();
  }

 private:
  std::optional<Description> askRouter();
  std::optional<Description> askPublisher();
  std::optional<Description> read(std::string_view envelope) const;
  connection::SocketOptions socketOptions();
  Deadline untilOtherKind() const { return earlier(deadline_, Deadline::in(nullptr, &isOfOtherKind_)); }

  const std::string& endpoint_;
  const DescribeOptions& options_;
  const Deadline deadline_;
  Interrupt isOfOtherKind_;  // the peer's socket does not fit
  bool isLetOut_ = false;    // the peer let none of this kind in: where keys are, one that does not fit looks the same
};

connection::SocketOptions Asker::socketOptions() {
  connection::SocketOptions options = options_.socket;
  options.linger = std::chrono::milliseconds(0);
  options.monitor = true;
  options.onEvent = [this, isBeginning = false](const connection::SocketEvent& event) mutable {
    using connection::EventType;
    // libzmq ends a connection to a socket that does not fit, and says no more.
    if (event.type == EventType::disconnected && isBeginning) isOfOtherKind_.raise();
    if (event.type == EventType::connected) isBeginning = true;
    if (event.type == EventType::handshakeSucceeded || event.type == EventType::handshakeFailed) isBeginning = false;
  };
  return options;
}

// A ROUTER sends to a routing id, and can to none but one that the peer has told. So no other peer ever gets the question.
std::optional<Description> Asker::askRouter() {
  Socket socket(kDescribe, ZMQ_ROUTER, socketOptions());
  setUpRouter(socket);
  socket.giveUpIfRefused();
  if (options_.kind.empty()) socket.expectMisfits();
  socket.connect(endpoint_);
  const Deadline deadline = untilOtherKind();
  if (!socket.await(ZMQ_POLLOUT, deadline)) {
    isLetOut_ = socket.isRefused();
    socket.requireLetIn();
    return std::nullopt;
  }
  Frame question{std::string_view(sealEnvelope(DescribeReq::kType, DescribeReq{options_.knownHash}.encode()))};
  if (socket.trySend({std::string(kDescribedRoutingId), {}}, question) != SendResult::sent) return std::nullopt;
  if (!socket.receive(deadline)) return std::nullopt;
  return read(socket.inbox().payload().view());
}

std::optional<Description> Asker::askPublisher() {
  connection::SocketOptions options = socketOptions();
  options.sendQueue = 0;
  Socket socket(kDescribe, ZMQ_SUB, options);
  socket.giveUpIfRefused();
  const std::string topic = makeDescribeTopic(options_.knownHash);
  // The first one says that this is no subscriber to be counted.
  for (const std::string& each : {helloTopic(), topic}) socket.set(ZMQ_SUBSCRIBE, each.data(), each.size());
  socket.connect(endpoint_);
  isOfOtherKind_.reset();
  if (!socket.receive(untilOtherKind())) return socket.requireLetIn(), std::nullopt;
  return read(socket.onlyFrame().view().substr(topic.size()));
}

std::optional<Description> Asker::read(std::string_view bytes) const {
  const std::string who = std::string(kDescribe) + ": " + endpoint_;
  const Envelope envelope = openEnvelope(who, bytes);
  throwIfError(who, envelope);
  Description description;
  if (envelope.type != kDescriptionType || !decodeDescription(envelope.payload, description)) {
    failMalformed(who, envelope.type, "it is no Description");
  }
  return description;
}

}  // namespace dividere::detail

namespace dividere {

std::optional<Description> describe(const std::string& endpoint, Timeout timeout, const DescribeOptions& options) {
  return detail::Asker(endpoint, options, detail::Deadline::in(&timeout)).ask();
}

}  // namespace dividere
