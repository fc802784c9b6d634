#include "socket.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include "../../core/detail/options.hpp"
#include "../../core/detail/random.hpp"
#include "../../core/error.hpp"
#include "large_blocks.hpp"
#include "process.hpp"
#include "transport.hpp"

namespace dividere::detail {

// How long a receive waits in libzmq itself at first. While it does, nobody mends links.
constexpr std::chrono::milliseconds kFirstWait{20};

constexpr std::string_view kInproc = "inproc://";

/// A time as libzmq takes it: -1 for one without bound.
static int asOption(std::chrono::milliseconds time) {
  if (time.count() < 0) return -1;
  return static_cast<int>(std::min<std::chrono::milliseconds::rep>(time.count(), std::numeric_limits<int>::max()));
}

static std::chrono::milliseconds lingerOf(int type, const connection::SocketOptions& options) {
  const bool isReceiverOnly = type == ZMQ_SUB;
  return options.linger.value_or(std::chrono::milliseconds(isReceiverOnly ? 0 : 1000));
}

Socket::Socket(const char* who, int type, const connection::SocketOptions& options, std::function<bool()> pump)
    : Socket(who, type, options, securityFor(who, options.keys), std::move(pump)) {}

Socket::Socket(const char* who, int type, const connection::SocketOptions& options, const SocketSecurity& security,
               std::function<bool()> pump)
    : maxMessageBytes_(options.maxMessageBytes),
      type_(type),
      native_(who, type, options.context ? options.context : Process::current().context(security.differs)),
      watch_(std::make_shared<Watch>(who, type, lingerOf(type, options), options.name, security.keys != nullptr)),
      credentials_(security.keys ? std::make_unique<Credentials>(native_, security.keys, options.host, options.hostKey)
                                 : nullptr),
      binding_(native_, *watch_, options.monitor),
      dialer_(native_, *watch_, credentials_.get(), options.monitor, type == ZMQ_REQ || type == ZMQ_DEALER) {
  applyDefaults(type, options);
  if (!options.onlyFor.empty()) onlyFor(options.onlyFor);
  if (options.configure) {
    options.configure(native_.handle());
    refuseConflation(type);
  }
  receiveTimeout_ = get(ZMQ_RCVTIMEO);
  set(ZMQ_RCVTIMEO, asOption(kFirstWait));
  fd_ = get(ZMQ_FD);
  if (options.onEvent) watch_->onEvent(options.onEvent);
  if (pump) watch_->onIdle(std::move(pump));
  Process::current().watcher.add(watch_, native_.context(), options.monitor ? native_.handle() : nullptr);
}

void Socket::close() {
  if (!native_.isOpen() || native_.fork().crossed()) return;
  watch_->detach();
  watch_->tally.leave();
  binding_.release();
  auto& watcher = Process::current().watcher;
  watcher.remove(watch_);
  native_.close();
  watcher.closed();
}

void Socket::applyDefaults(int type, const connection::SocketOptions& options) {
  set(ZMQ_LINGER, asOption(lingerOf(type, options)));
  set(ZMQ_SNDHWM, options.sendQueue);
  set(ZMQ_RCVHWM, options.receiveQueue);
  set(ZMQ_MAXMSGSIZE, &options.maxMessageBytes, sizeof options.maxMessageBytes);
  set(ZMQ_HANDSHAKE_IVL, 10000);
  set(ZMQ_BACKLOG, 1024);
  set(ZMQ_RECONNECT_IVL, asOption(options.reconnect));
  set(ZMQ_RECONNECT_IVL_MAX, asOption(options.reconnectMax));
  // Dead peers are found by TCP: ZeroMQ's own heartbeats abort the process when a consumer is slow.
  set(ZMQ_TCP_KEEPALIVE, 1);
  set(ZMQ_TCP_KEEPALIVE_IDLE, 10);
  set(ZMQ_TCP_KEEPALIVE_INTVL, 3);
  set(ZMQ_TCP_KEEPALIVE_CNT, 3);
  if (options.kernelSendBuffer > 0) set(ZMQ_SNDBUF, options.kernelSendBuffer);
  if (options.kernelReceiveBuffer > 0) set(ZMQ_RCVBUF, options.kernelReceiveBuffer);
  // With any domain set, peers that speak no ZMTP 3 are refused: without, seven bytes of junk are a message
  // and an HTTP request is a subscriber.
  set(ZMQ_ZAP_DOMAIN, "dividere", 8);
}

// A queue of one frame, which keeps the last of several subscriptions alone, and the last frame of a message. Sockets that are
// neither Subscribers nor Dealers ignore it.
void Socket::refuseConflation(int type) {
  if (get(ZMQ_CONFLATE) == 0) return;
  requireOption(type != ZMQ_SUB, className(),
                "ZMQ_CONFLATE keeps one subscription alone, so nothing would arrive; use SubscriberOptions::latest");
  requireOption(type != ZMQ_DEALER, className(), "ZMQ_CONFLATE keeps the last frame of a message alone");
  requireOption(false, className(),
                "ZMQ_CONFLATE has no effect here; use SubscriberOptions::latest where messages are read");
}

// --- Endpoints ---

void Socket::learnEndpoint(std::string endpoint) {
  if (!endpoint_.empty()) return;
  endpoint_ = std::move(endpoint);
  watch_->tally.setEndpoint(endpoint_);
}

void Socket::bind(const std::string& endpoint) {
  const bool isExempt = endpoint.compare(0, kInproc.size(), kInproc) == 0;
  if (credentials_ && !isExempt) credentials_->prepareBind();
  learnEndpoint(binding_.bind(endpoint));
  if (credentials_ && !isExempt) credentials_->isBoundTo(endpoint_);
}

bool Socket::bindToFirstFree(std::uint16_t first, std::uint16_t last) {
  if (credentials_) credentials_->prepareBind();
  const std::string bound = binding_.bindToFirstFree(first, last);
  learnEndpoint(bound);
  if (credentials_) credentials_->isBoundTo(endpoint_);
  return !bound.empty();
}

void Socket::connect(const std::string& endpoint, const std::string& advice) {
  dialer_.connect(endpoint, advice);
  learnEndpoint(endpoint);
}

std::uint16_t Socket::port() const {
  if (endpoint_.compare(0, 6, "tcp://") != 0) return 0;
  return static_cast<std::uint16_t>(std::stoul(endpoint_.substr(endpoint_.rfind(':') + 1)));
}

void Socket::forgetUnsent() {
  signalTaken();
  dialer_.reconnectAll();
}

int Socket::readableWhenDue() {
  if (!readiness_) {
    readiness_ = std::make_unique<Readiness>(fd_);
    readiness_->lookAgain();  // what has come by now gives no signal
    poller_ = readiness_.get();
    watch_->wakeWith(readiness_->wakeDescriptor());
  }
  return readiness_->descriptor();
}

void Socket::rest() noexcept {
  readiness_->rest();
  if (watch_->needsAttention()) readiness_->lookAgain();  // that was said before it rested
}

void Socket::decline() {
  attend();
  refresh();
  foundNothing();
}

void Socket::abandonSent(bool mayBeFull) {
  dialer_.abandonSent();
  if (!mayBeFull || (get(ZMQ_EVENTS) & ZMQ_POLLOUT)) return;
  if (!dialer_.isAnyUp()) forgetUnsent();
}

bool Socket::awaitNews(const Deadline& deadline) {
  pollfd wait{fd_, POLLIN, 0};
  int ready;
  while ((ready = ::poll(&wait, 1, deadline.pollTimeout())) < 0 && errno == EINTR) {
  }
  if (ready > 0) refresh();
  return ready > 0;
}

// --- Messages ---

void Socket::failTooLarge(std::size_t bytes) const {
  throw Error(Errc::tooLarge, who() + ": send " + std::to_string(bytes) + " bytes, where maxMessageBytes is " +
                                  std::to_string(maxMessageBytes_));
}

void Socket::failManyFrames() const {
  throw Error(Errc::malformed, who() + ": receive: a message of " + std::to_string(framesReceived_) +
                                   " frames, where one is expected; dropped");
}

void Socket::failRefused() const { throw Error(Errc::unauthorized, who() + ": " + dialer_.refusal()); }

SendResult Socket::trySendFrame(Frame& frame, bool more) {
  signalTaken();
  frame.handOver();
  const std::size_t bytes = frame.size();
  while (zmq_msg_send(frame.native(), native_.handle(), ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) < 0) {
    if (errno == EAGAIN) return SendResult::full;
    if (errno == EHOSTUNREACH) return SendResult::gone;
    if (errno != EINTR) native_.fail("send");
  }
  watch_->tally.bytesOut.add(bytes);
  if (!more) watch_->tally.messagesOut.add(1);
  return SendResult::sent;
}

SendResult Socket::sendFirst(Frame& frame, bool more, const Deadline& deadline) {
  dialer_.expectSend(deadline);
  SendResult result = trySendFrame(frame, more);
  // Not by waiting for ZMQ_POLLOUT: an XPUB claims that at any time.
  const auto isDone = [&] {
    get(ZMQ_EVENTS);  // a failed send need not have read libzmq's signals
    result = trySendFrame(frame, more);
    return result != SendResult::full;
  };
  if (result == SendResult::full && !isDone() && !deadline.passed()) awaitUntil(isDone, deadline);
  return result;
}

// Once the first frame is in, libzmq takes the others without waiting, or drops them all with the peer that had the first:
// so nothing may keep the others from following it.
SendResult Socket::sendWithin(Frame* frames, std::size_t count, const Deadline& deadline) {
  for (std::size_t i = 0; i < count; ++i) requireSendable(frames[i].size());
  const SendResult first = sendFirst(frames[0], count > 1, deadline);
  if (first != SendResult::sent) return first;
  for (std::size_t i = 1; i < count; ++i) {
    if (trySendFrame(frames[i], i + 1 < count) != SendResult::sent) frames[i] = Frame();
  }
  return SendResult::sent;
}

SendResult Socket::sendWithin(const connection::Route& route, Frame& payload, const Deadline& deadline) {
  if (route.empty()) return sendWithin(&payload, 1, deadline);
  Multipart message = std::move(spare_);  // not in place: whoever takes the log may send on this socket meanwhile
  message.assign(route, std::move(payload));
  const SendResult result = sendWithin(message.frames().data(), message.size(), deadline);
  if (result != SendResult::sent) payload = message.takePayload();
  message.clear();
  spare_ = std::move(message);
  return result;
}

bool Socket::isSent(SendResult result) const {
  if (result == SendResult::gone) {
    errno = EHOSTUNREACH;
    native_.fail("send");
  }
  return result == SendResult::sent;
}

bool Socket::send(Frame& message, const Deadline& deadline) { return isSent(sendWithin(&message, 1, deadline)); }

bool Socket::send(Multipart& message, const Deadline& deadline) {
  return isSent(sendWithin(message.frames().data(), message.size(), deadline));
}

bool Socket::send(const connection::Route& route, Frame& payload, const Deadline& deadline) {
  return isSent(sendWithin(route, payload, deadline));
}

SendResult Socket::trySend(Multipart& message) {
  return sendWithin(message.frames().data(), message.size(), Deadline::longAgo());
}

SendResult Socket::trySend(const connection::Route& route, Frame& payload) {
  return sendWithin(route, payload, Deadline::longAgo());
}

bool Socket::tryReceive() {
  if (isKept_) {
    isKept_ = false;
    return true;
  }
  attend();
  return takeMessage(ZMQ_DONTWAIT);
}

bool Socket::tryReceiveFrame(Frame& frame) {
  while (zmq_msg_recv(frame.native(), native_.handle(), ZMQ_DONTWAIT) < 0) {
    if (errno == EAGAIN) return false;
    if (errno != EINTR) native_.fail("receive");
  }
  frame.takeOver();
  countReceived(frame);
  return true;
}

void Socket::countReceived(const Frame& frame) noexcept {
  const std::size_t bytes = frame.size();
  if (bytes >= kLargeFrame) sawLargeFrame();
  watch_->tally.bytesIn.add(bytes);
  if (!frame.more()) watch_->tally.messagesIn.add(1);
}

bool Socket::isRevoked() {
  Gate* const gate = this->gate();
  if (!gate || !gate->hasRevoked()) return false;
  Frame& last = inbox_.frames().back();
  if (!gate->isRevoked(last.peerKey())) return false;
  cut(last.sourceDescriptor(), endpoint_);
  if (type_ == ZMQ_REP) trySendFrame(last = Frame(), false);  // one that has received has to send
  return true;
}

bool Socket::takeMessage(int flags) {
  while (takeAny(flags)) {
    if (!isRevoked()) return true;
  }
  return false;
}

bool Socket::takeAny(int flags) {
  // In place: libzmq frees what a frame held before. Those beyond the most come into the last one, one after the other.
  std::vector<Frame>& frames = inbox_.frames();
  frames.resize(1);
  framesReceived_ = 0;
  for (;;) {
    Frame& frame = frames.back();
    while (zmq_msg_recv(frame.native(), native_.handle(), flags) < 0) {
      const int error = errno;
      if (error == EINTR && flags == ZMQ_DONTWAIT) continue;
      frames.clear();
      if (error == EAGAIN) foundNothing();
      if (error == EAGAIN || error == EINTR) return false;  // only before the first frame: whole messages are delivered
      errno = error;
      native_.fail("receive");
    }
    frame.takeOver();
    countReceived(frame);
    signalTaken();
    flags = ZMQ_DONTWAIT;
    ++framesReceived_;
    if (!frame.more()) return true;
    if (framesReceived_ < kMostFrames) frames.emplace_back();
  }
}

// A receive that finds nothing, a poll() and a receive take twice the system calls of a receive that waits, which is felt
// where a reply is waited for: so that first. What comes after that long can wait for a few calls more.
bool Socket::receive(const Deadline& deadline) {
  if (receiveTimeout_ && !isKept_ && deadline.isAfter(kFirstWait)) {
    attend();
    if (takeMessage(0)) return true;
  }
  return tryReceive() || awaitUntil([this] { return tryReceive(); }, deadline);
}

bool Socket::ready() {
  if (!isKept_) isKept_ = tryReceive();
  return isKept_;
}

bool Socket::wait(const Deadline& deadline) {
  isKept_ = receive(deadline);
  return isKept_;
}

bool Socket::await(short wanted, const Deadline& deadline) {
  const auto isThere = [&] {
    attend();
    return (get(ZMQ_EVENTS) & wanted) != 0;
  };
  return isThere() || awaitUntil(isThere, deadline);
}

// The descriptor tells of changes only, and only once libzmq has read all its signals: asking for the events does that, and
// so does a receive that finds nothing. Each system call less between a reply and whoever waits for it counts.
template <class Condition>
bool Socket::awaitUntil(const Condition& met, const Deadline& deadline) {
  const Waker& waker = Waker::ofThisThread();
  const AttentionScope scope(*watch_);
  for (;;) {
    pollfd waits[] = {{fd_, POLLIN, 0}, {waker.fd(), POLLIN, 0}, {deadline.interruptFd(), POLLIN, 0}};
    const int ready = ::poll(waits, 3, deadline.pollTimeout());
    if (ready > 0 && waits[1].revents) waker.drain();
    attend();
    if (met()) return true;
    if (deadline.passed() || (givesUpIfRefused_ && !dialer_.refusal().empty())) return false;
  }
}

// --- Options ---

std::string Socket::takeRandomName() {
  std::string name = randomUuid();
  set(ZMQ_ROUTING_ID, name.data(), name.size());
  return name;
}

void* Socket::lend() {
  if (onLend_) std::exchange(onLend_, nullptr)();
  watch_->endIdle();  // nobody but the owner touches it from now on
  if (receiveTimeout_ && native_.isOpen()) set(ZMQ_RCVTIMEO, *receiveTimeout_);
  receiveTimeout_.reset();
  return native_.handle();
}

void Socket::onlyFor(const std::string& group) {
  if (!credentials_) {
    throw Error(
        std::make_error_code(std::errc::operation_not_permitted),
        who() + ": onlyFor '" + group + "': nobody is kept out of a socket that is not secured (dividere::secure)");
  }
  credentials_->onlyFor(group);
}

void Socket::onEvent(std::function<void(const connection::SocketEvent&)> handler) {
  watch_->onEvent(std::move(handler));
  Process::current().watcher.poke();
}

void Socket::pumpOnSignals() { Process::current().watcher.pumpOn(*watch_, fd_); }

void Socket::pumpSoon() { Process::current().watcher.pumpSoon(); }

void Socket::detach() {
  // In a forked child the callback that it waits for may be one of the parent's, and never end.
  if (!native_.fork().crossed()) watch_->detach();
}

}  // namespace dividere::detail
