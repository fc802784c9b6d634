#include "publisher.hpp"

#include <algorithm>

#include "detail/audience.hpp"
#include "detail/subscription_limits.hpp"

namespace dividere::detail {

// What a Publisher reads is subscriptions: a longer one costs the peer its connection. (The limit on what is sent is kept by
// the Socket.)
static void limitNews(Socket& socket, const connection::SocketOptions& options) {
  std::int64_t most = kLongestSubscription + kSubscriptionHead;
  if (options.maxMessageBytes >= 0) most = std::min(most, options.maxMessageBytes);
  socket.set(ZMQ_MAXMSGSIZE, &most, sizeof most);
}

// An XPUB: a PUB that can be asked who is there.
static std::unique_ptr<Socket> makePublisherSocket(Audience& audience, const std::string& endpoint,
                                                   const connection::SocketOptions& options) {
  auto socket = std::make_unique<Socket>("connection::Publisher", ZMQ_XPUB, options,
                                         [&audience] { return audience.readNewsIfIdle(); });
  socket->set(ZMQ_XPUB_VERBOSER, 1);  // every single (un)subscription is reported
  limitNews(*socket, options);
  socket->set(ZMQ_XPUB_NODROP, 1);  // a full queue is reported too, instead of losing the message in silence
  if (options.attach == connection::Attach::connect) {
    socket->connect(endpoint);
  } else {
    socket->bind(endpoint);
  }
  std::lock_guard<std::mutex> lock(audience.mutex);
  audience.socket = socket.get();
  return socket;
}

}  // namespace dividere::detail

namespace dividere::connection {

Publisher::Publisher(const std::string& endpoint, const SocketOptions& options)
    : Publisher(std::make_unique<detail::Audience>(), endpoint, options) {}

Publisher::Publisher(std::unique_ptr<detail::Audience> audience, const std::string& endpoint,
                     const SocketOptions& options)
    : Connector(detail::makePublisherSocket(*audience, endpoint, options)), audience_(std::move(audience)) {
  audience_->waitWhenFull = options.waitWhenFull;
}

Publisher::Publisher(Publisher&&) noexcept = default;

// The base first: it ends the former socket, and with it the pumping that uses the former audience.
Publisher& Publisher::operator=(Publisher&&) noexcept = default;

Publisher::~Publisher() {
  if (audience_) audience_->socket->detach();
}

void Publisher::send(std::string_view bytes) {
  detail::Frame frame(bytes);
  sendFrame(frame, nullptr);
}

bool Publisher::send(std::string_view bytes, Timeout timeout) {
  detail::Frame frame(bytes);
  return sendFrame(frame, &timeout);
}

bool Publisher::send(std::string_view bytes, Timeout timeout, const Interrupt& interrupt) {
  detail::Frame frame(bytes);
  return sendFrame(frame, &timeout, &interrupt);
}

bool Publisher::sendFrame(detail::Frame& frame, const Timeout* timeout, const Interrupt* interrupt) {
  detail::Socket& socket = this->socket();
  using detail::Deadline;
  {
    const auto lock = audience_->enter();
    const Deadline deadline = audience_->waitWhenFull ? Deadline::in(timeout, interrupt) : Deadline::longAgo();
    if (socket.send(frame, deadline)) {
      audience_->sent();
      return true;
    }
    if (audience_->waitWhenFull) return false;
    socket.tally().dropped.add(1);
    socket.set(ZMQ_XPUB_NODROP, 0);
    socket.send(frame, Deadline::never());
    socket.set(ZMQ_XPUB_NODROP, 1);
    audience_->sent();
  }
  // Without the lock: whoever takes the log may publish it.
  audience_->warnings.log(LogLevel::warning, socket.who(),
                          socket.endpoint() + ": a subscriber does not keep up and missed a message");
  return true;
}

bool Publisher::waitForSubscribers(std::size_t n, Timeout timeout) { return awaitSubscribers(n, timeout, nullptr); }

bool Publisher::waitForSubscribers(std::size_t n, Timeout timeout, const Interrupt& interrupt) {
  return awaitSubscribers(n, timeout, &interrupt);
}

bool Publisher::awaitSubscribers(std::size_t n, const Timeout& timeout, const Interrupt* interrupt) {
  detail::Socket& socket = this->socket();
  const auto lock = audience_->enter();
  const detail::Deadline deadline = detail::Deadline::in(&timeout, interrupt);
  for (;;) {
    const bool isAll = audience_->readNews();
    if (audience_->census.count() >= n) return true;
    if ((isAll && !socket.await(ZMQ_POLLIN, deadline)) || deadline.passed()) return false;
  }
}

int Publisher::descriptor() const {
  detail::Socket& socket = this->socket();
  const auto lock = audience_->enter();
  return socket.readableWhenDue();
}

std::size_t Publisher::subscribers() const {
  this->socket();
  const auto lock = audience_->enter();
  audience_->readAllNews();
  return audience_->census.count();
}

std::uint64_t Publisher::arrivals() const {
  this->socket();
  const auto lock = audience_->enter();
  audience_->readAllNews();
  return audience_->census.arrivals();
}

std::uint64_t Publisher::dropped() const { return socket().tally().dropped.read(); }

}  // namespace dividere::connection
