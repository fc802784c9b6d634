#include "publisher.hpp"

#include <atomic>
#include <mutex>

#include "../core/log_line.hpp"
#include "census.hpp"
#include "socket.hpp"

namespace dividere::detail {

// How much news is read at a time: a hostile peer may send it faster than it can be read.
constexpr int kMostNews = 100000;
constexpr int kMostNewsWhileIdle = 10000;

/// What a Publisher knows of its subscribers, and the lock that lets the watcher's thread read their news while
/// the owner is idle: a socket that nobody calls into keeps memory for each past peer. The lock is free but
/// for a moment once a second, and let go of as soon as the owner wants it.
struct Audience {
  std::mutex mutex;
  std::atomic<bool> isWanted{false};
  Socket* socket = nullptr;
  Census census;         // under mutex, as is the socket
  bool hasMore = false;  // the watcher's thread alone
  std::atomic<std::uint64_t> dropped{0};
  RateLimit warnings;
  bool waitWhenFull = false;

  std::unique_lock<std::mutex> enter() {
    std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
    if (lock.owns_lock()) return lock;
    isWanted = true;
    lock.lock();
    isWanted = false;
    return lock;
  }

  /// Whether that was all.
  bool readNews(int most = kMostNews) {
    Frame frame;
    for (int i = 0; i < most && !isWanted; ++i) {
      while (zmq_msg_recv(frame.native(), socket->native(), ZMQ_DONTWAIT) < 0) {
        if (errno == EINTR) continue;
        census.settle();
        return true;
      }
      census.observe(frame);
    }
    return false;
  }

  /// Whether there was more.
  bool readNewsIfIdle() {
    std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
    if (lock.owns_lock() && socket) hasMore = !readNews(kMostNewsWhileIdle);
    return hasMore;
  }
};

// An XPUB: a PUB that can be asked who is there.
std::unique_ptr<Socket> makePublisherSocket(Audience& audience, const std::string& endpoint,
                                                    const connection::SocketOptions& options) {
  auto socket = std::make_unique<Socket>("connection::Publisher", ZMQ_XPUB, options,
                                                 [&audience] { return audience.readNewsIfIdle(); });
  socket->set(ZMQ_XPUB_VERBOSER, 1);  // every single (un)subscription is reported
  socket->set(ZMQ_XPUB_NODROP, 1);    // a full queue is reported too, instead of losing the message in silence
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

bool Publisher::send(std::string_view bytes, std::chrono::milliseconds timeout) {
  detail::Frame frame(bytes);
  return sendFrame(frame, &timeout);
}

bool Publisher::sendFrame(detail::Frame& frame, const std::chrono::milliseconds* timeout) {
  detail::Socket& socket = this->socket();
  using detail::Deadline;
  {
    const auto lock = audience_->enter();
    const Deadline deadline = audience_->waitWhenFull ? Deadline::in(timeout) : Deadline::longAgo();
    if (socket.send(frame, false, deadline)) return true;
    if (audience_->waitWhenFull) return false;
    ++audience_->dropped;
    socket.set(ZMQ_XPUB_NODROP, 0);
    socket.send(frame, false, Deadline::never());
    socket.set(ZMQ_XPUB_NODROP, 1);
  }
  // Without the lock: whoever takes the log may publish it.
  audience_->warnings.log(LogLevel::warning, socket.who(),
                          socket.endpoint() + ": a subscriber does not keep up and missed a message");
  return true;
}

bool Publisher::waitForSubscribers(std::size_t n, std::chrono::milliseconds timeout) {
  detail::Socket& socket = this->socket();
  const auto lock = audience_->enter();
  const detail::Deadline deadline = detail::Deadline::in(timeout);
  for (;;) {
    const bool isAll = audience_->readNews();
    if (audience_->census.count() >= n) return true;
    if ((isAll && !socket.await(ZMQ_POLLIN, deadline)) || deadline.passed()) return false;
  }
}

std::size_t Publisher::subscribers() const {
  this->socket();
  const auto lock = audience_->enter();
  audience_->readNews();
  return audience_->census.count();
}

std::uint64_t Publisher::arrivals() const {
  this->socket();
  const auto lock = audience_->enter();
  audience_->readNews();
  return audience_->census.arrivals();
}

std::uint64_t Publisher::dropped() const {
  socket();
  return audience_->dropped;
}

}  // namespace dividere::connection
