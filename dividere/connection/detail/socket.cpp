#include "socket.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/log_line.hpp"
#include "../../core/error.hpp"
#include "../port_manager.hpp"

namespace dividere::detail {

using connection::SocketOptions;
using namespace std::chrono_literals;

// How long closed sockets of this process may take to let go of what a new one needs (a port, a place in the
// context's table): they are closed in the background.
constexpr auto kReleaseLimit = 1s;
// How long the first send to one of several endpoints waits to learn which of them are there.
constexpr auto kSettleLimit = 1s;
// How long a receive waits in libzmq itself at first. While it does, nobody mends links.
constexpr auto kFirstWait = 20ms;
// Descriptors without which libzmq aborts the process: for an ipc listener, or to look up the interface of a tcp one.
constexpr int kToBind = 2;

/// A time as libzmq takes it: -1 for one without bound.
int asOption(std::chrono::milliseconds time) {
  if (time < 0ms) return -1;
  return static_cast<int>(std::min<std::chrono::milliseconds::rep>(time.count(), std::numeric_limits<int>::max()));
}

bool isReceiverOnly(int type) { return type == ZMQ_SUB; }

std::chrono::milliseconds lingerOf(int type, const SocketOptions& options) {
  return options.linger.value_or(isReceiverOnly(type) ? 0ms : 1000ms);
}

Socket::Socket(const char* who, int type, const SocketOptions& options, std::function<bool()> pump)
    : who_(who),
      deals_(type == ZMQ_REQ || type == ZMQ_DEALER),
      givesUpOnSend_(type == ZMQ_REQ),
      maxMessageBytes_(options.maxMessageBytes),
      monitored_(options.monitor),
      context_(options.context ? options.context : connection::Context::shared()),
      watch_(std::make_shared<Watch>(who_, lingerOf(type, options))) {
  open(type);
  try {
    applyDefaults(options);
    set(ZMQ_LINGER, asOption(lingerOf(type, options)));
    if (options.configure) options.configure(socket_);
    lentTimeout_ = get(ZMQ_RCVTIMEO);
    set(ZMQ_RCVTIMEO, static_cast<int>(kFirstWait.count()));
    fd_ = get(ZMQ_FD);
    if (options.onEvent) watch_->onEvent(options.onEvent);
    if (pump) watch_->onIdle(std::move(pump));
    Process::current().watcher.add(watch_, context_->native(), monitored_ ? socket_ : nullptr);
  } catch (...) {
    zmq_close(socket_);
    throw;
  }
}

void Socket::close() {
  // A forked child has no part in its parent's sockets: closing them here would end the parent's connections.
  if (!socket_ || fork_.crossed()) return;
  watch_->detach();
  for (const std::string& path : boundPaths_) {
    // Both at once and here, as the close itself happens later in a thread of libzmq: the name is free for the
    // next socket when the destructor returns. (libzmq leaves the files of ipc endpoints lying about.)
    if (path.compare(0, 9, "inproc://") == 0) {
      zmq_unbind(socket_, path.c_str());
    } else {
      ::unlink(path.c_str());
    }
  }
  auto& watcher = Process::current().watcher;
  watcher.remove(watch_);
  zmq_close(socket_);
  socket_ = nullptr;
  watcher.closed();
  context_.reset();
}

void Socket::open(int type) {
  auto& watcher = Process::current().watcher;
  const Deadline limit = Deadline::in(kReleaseLimit);
  for (;;) {
    const auto seen = watcher.releases();
    socket_ = zmq_socket(context_->native(), type);
    if (socket_) return;
    // Sockets are closed in the background: their places may be free in a moment.
    const int error = errno;
    if (error == EMFILE && watcher.awaitRelease(seen, limit)) continue;
    errno = error;
    fail("open");
  }
}

void Socket::applyDefaults(const SocketOptions& options) {
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

// --- Endpoints ---

void Socket::bind(const std::string& text) {
  const Endpoint endpoint = parseEndpoint(who_, text, true);
  if (endpoint.ipv6) set(ZMQ_IPV6, 1);
  if (endpoint.transport == Transport::tcp && endpoint.wildcardPort) {
    bindToFreePort(endpoint);
  } else {
    bindTo(endpoint);
  }
}

void Socket::bindTo(const Endpoint& endpoint) {
  const std::string text = endpoint.str();
  if (endpoint.transport == Transport::ipc) checkIpcPathIsFree(who_, endpoint);
  if (endpoint.transport != Transport::inproc) requireDescriptors(kToBind, (who_ + ": bind " + text).c_str());
  auto& watcher = Process::current().watcher;
  const Deadline limit = Deadline::in(kReleaseLimit);
  for (;;) {
    const auto seen = watcher.releases();
    if (tryBind(text)) break;
    const int error = errno;
    if (error == EADDRINUSE && watcher.awaitRelease(seen, limit)) continue;
    errno = error;
    fail("bind " + text);
  }
  if (endpoint.transport == Transport::inproc) boundPaths_.push_back(text);
  if (endpoint.transport == Transport::ipc && endpoint.address.front() != '@' && endpoint.address != "*") {
    boundPaths_.push_back(endpoint.address);
  }
}

// Not libzmq's own wildcard: that takes a port from the range for outgoing connections, where a client that
// retries it after our end may meet itself.
void Socket::bindToFreePort(Endpoint endpoint) {
  requireDescriptors(kToBind + 2, (who_ + ": bind " + endpoint.str()).c_str());  // two hold the port
  endpoint.wildcardPort = false;
  for (int attempt = 0;; ++attempt) {
    endpoint.port = connection::PortManager::acquire();
    const bool bound = tryBind(endpoint.str());
    const int error = errno;
    connection::PortManager::release(endpoint.port);
    if (bound) return;
    errno = error;
    if (error != EADDRINUSE || attempt == 100) fail("bind " + endpoint.str());
  }
}

bool Socket::bindToFirstFree(std::uint16_t first, std::uint16_t last) {
  const std::string endpoint = "tcp://*:";
  requireDescriptors(kToBind, (who_ + ": bind " + endpoint + std::to_string(first)).c_str());
  auto& watcher = Process::current().watcher;
  const Deadline limit = Deadline::in(kReleaseLimit);
  for (;;) {
    const auto seen = watcher.releases();
    for (unsigned port = first; port <= last; ++port) {
      if (tryBind(endpoint + std::to_string(port))) return true;
      if (errno != EADDRINUSE && errno != EACCES) fail("bind " + endpoint + std::to_string(port));
    }
    // One that this process has just let go of may be free in a moment.
    if (!watcher.awaitRelease(seen, limit)) return false;
  }
}

bool Socket::tryBind(const std::string& endpoint) {
  watch_->expectBind();
  if (zmq_bind(socket_, endpoint.c_str()) == 0) {
    if (endpoint_.empty()) learnEndpoint(endpoint);
    return true;
  }
  // Telling the monitor of the failure may leave its own EAGAIN in errno, in place of what went wrong.
  if (errno == EAGAIN && monitored_) errno = watch_->bindError(Deadline::in(kReleaseLimit));
  if (errno == 0) errno = EADDRINUSE;  // what it is nearly always
  return false;
}

void Socket::learnEndpoint(const std::string& endpoint) {
  char resolved[512];
  std::size_t size = sizeof resolved;
  endpoint_ = zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, resolved, &size) == 0 ? std::string(resolved) : endpoint;
}

void Socket::connect(const std::string& text) {
  const Endpoint endpoint = parseEndpoint(who_, text, false);
  const std::string resolved = endpoint.str();
  if (endpoint.ipv6) set(ZMQ_IPV6, 1);
  if (endpoint_.empty()) endpoint_ = text;
  if (monitored_ && endpoint.transport != Transport::inproc) {
    watch_->addLink(resolved);
    peers_.push_back({resolved, true});
  }
  if (zmq_connect(socket_, resolved.c_str()) != 0) fail("connect " + text);
}

std::uint16_t Socket::port() const {
  if (endpoint_.compare(0, 6, "tcp://") != 0) return 0;
  return static_cast<std::uint16_t>(std::stoul(endpoint_.substr(endpoint_.rfind(':') + 1)));
}

// --- Links ---

std::vector<Link> Socket::lookAtLinks() {
  std::vector<Link> links = watch_->takeLinks();
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    if (links[i].state == Link::State::broken) relink(peers_[i]);
  }
  if (deals_ && peers_.size() > 1) balance(links);
  return links;
}

// Messages are dealt to dead endpoints too, unless ZMQ_IMMEDIATE is set; but with it nothing can be sent before the
// first connection is made, and what comes first would not be what stands first in the list. So endpoints start
// without, and those found dead are connected anew with it as long as another one is up.
void Socket::balance(const std::vector<Link>& links) {
  anyUp_ = std::any_of(links.begin(), links.end(), [](const Link& link) { return link.isUp(); });
  const bool allDown = std::all_of(links.begin(), links.end(), [](const Link& link) { return link.isDown(); });
  if (std::all_of(links.begin(), links.end(), [](const Link& link) { return link.isUp(); })) sentBlind_ = false;
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    Peer& peer = peers_[i];
    const bool passOver = anyUp_ && links[i].isDown() && peer.queues && !sentBlind_;
    const bool takeBack = allDown && !peer.queues;
    if (!passOver && !takeBack) continue;
    peer.queues = takeBack;
    relink(peer);
  }
}

void Socket::relink(Peer& peer) {
  zmq_disconnect(socket_, peer.endpoint.c_str());  // fails if libzmq has dropped it by itself: as well
  set(ZMQ_IMMEDIATE, peer.queues ? 0 : 1);
  watch_->relinked(peer.endpoint);
  if (zmq_connect(socket_, peer.endpoint.c_str()) != 0) {
    log(LogLevel::warning, who_, "connect " + peer.endpoint + ": " + zmq_strerror(errno));
  }
}

void Socket::forgetUnsent() {
  const int linger = get(ZMQ_LINGER);
  set(ZMQ_LINGER, 0);
  for (Peer& peer : peers_) relink(peer);
  set(ZMQ_LINGER, linger);
}

void Socket::forgetGivenUp() {
  if (get(ZMQ_EVENTS) & ZMQ_POLLOUT) return;
  const std::vector<Link> links = lookAtLinks();
  if (std::none_of(links.begin(), links.end(), [](const Link& link) { return link.isUp(); })) forgetUnsent();
}

void Socket::settle(const Deadline& deadline) {
  settled_ = true;
  const Deadline limit = earlier(deadline, Deadline::in(kSettleLimit));
  const auto known = [](const Link& link) { return link.isUp() || link.isDown(); };
  const Waker& waker = Waker::ofThisThread();
  const int before = wakeWith(waker.fd());
  for (;;) {
    const std::vector<Link> links = lookAtLinks();
    if (std::all_of(links.begin(), links.end(), known) || limit.passed()) break;
    pollfd wake{waker.fd(), POLLIN, 0};
    ::poll(&wake, 1, limit.pollTimeout());
    waker.drain();
  }
  wakeWith(before);
}

// --- Messages ---

void Socket::failTooLarge(std::size_t bytes) const {
  throw Error(Errc::tooLarge, who_ + ": send " + std::to_string(bytes) + " bytes, where maxMessageBytes is " +
                                  std::to_string(maxMessageBytes_));
}

void Socket::failManyFrames() const {
  throw Error(Errc::malformed, who_ + ": receive: a message of " + std::to_string(framesReceived_) +
                                   " frames, where one is expected; dropped");
}

SendResult Socket::trySendFrame(Frame& frame, bool more) {
  frame.handOver();
  while (zmq_msg_send(frame.native(), socket_, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) < 0) {
    if (errno == EAGAIN) return SendResult::full;
    if (errno == EHOSTUNREACH) return SendResult::gone;
    if (errno != EINTR) fail("send");
  }
  return SendResult::sent;
}

void Socket::prepareToSend(const Deadline& deadline) {
  if (givesUpOnSend_ && sentBlind_) {
    sentBlind_ = false;  // what waits with a dead peer is of the request given up
    lookAtLinks();
  }
  attend();
  if (deals_ && peers_.size() > 1) {
    if (!settled_) settle(deadline);
    sentBlind_ = sentBlind_ || !anyUp_;
  }
}

SendResult Socket::sendFirst(Frame& frame, bool more, const Deadline& deadline) {
  prepareToSend(deadline);
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
    fail("send");
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
  if (kept_) {
    kept_ = false;
    return true;
  }
  attend();
  return takeMessage(ZMQ_DONTWAIT);
}

bool Socket::tryReceiveFrame(Frame& frame) {
  while (zmq_msg_recv(frame.native(), socket_, ZMQ_DONTWAIT) < 0) {
    if (errno == EAGAIN) return false;
    if (errno != EINTR) fail("receive");
  }
  frame.takeOver();
  return true;
}

bool Socket::takeMessage(int flags) {
  // In place: libzmq frees what a frame held before. Those beyond the most come into the last one, one after the other.
  std::vector<Frame>& frames = inbox_.frames();
  frames.resize(1);
  framesReceived_ = 0;
  for (;;) {
    Frame& frame = frames.back();
    while (zmq_msg_recv(frame.native(), socket_, flags) < 0) {
      const int error = errno;
      if (error == EINTR && flags == ZMQ_DONTWAIT) continue;
      frames.clear();
      if (error == EAGAIN || error == EINTR) return false;  // only before the first frame: whole messages are delivered
      errno = error;
      fail("receive");
    }
    frame.takeOver();
    flags = ZMQ_DONTWAIT;
    ++framesReceived_;
    if (!frame.more()) return true;
    if (framesReceived_ < kMostFrames) frames.emplace_back();
  }
}

// A receive that finds nothing, a poll() and a receive take twice the system calls of a receive that waits, which is felt
// where a reply is waited for: so that first. What comes after that long can wait for a few calls more.
bool Socket::receive(const Deadline& deadline) {
  if (waitsInside_ && !kept_ && deadline.isAfter(kFirstWait)) {
    attend();
    if (takeMessage(0)) return true;
  }
  return tryReceive() || awaitUntil([this] { return tryReceive(); }, deadline);
}

bool Socket::ready() {
  if (!kept_) kept_ = tryReceive();
  return kept_;
}

bool Socket::wait(const Deadline& deadline) {
  kept_ = receive(deadline);
  return kept_;
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
  const struct Registration {
    Watch& watch;
    int before;
    ~Registration() { watch.wakeWith(before); }
  } registration{*watch_, watch_->wakeWith(waker.fd())};
  for (;;) {
    pollfd waits[] = {{fd_, POLLIN, 0}, {waker.fd(), POLLIN, 0}};
    const int ready = ::poll(waits, 2, deadline.pollTimeout());
    if (ready > 0 && waits[1].revents) waker.drain();
    attend();
    if (met()) return true;
    if (deadline.passed()) return false;
  }
}

// --- Options ---

void Socket::set(int option, int value) { set(option, &value, sizeof value); }

void Socket::set(int option, const void* value, std::size_t size) {
  while (zmq_setsockopt(socket_, option, value, size) != 0) {
    if (errno != EINTR) fail("set option " + std::to_string(option));
  }
}

void* Socket::lend() {
  watch_->endIdle();  // nobody but the owner touches it from now on
  if (waitsInside_ && socket_) set(ZMQ_RCVTIMEO, lentTimeout_);
  waitsInside_ = false;
  return socket_;
}

int Socket::get(int option) const {
  int value = 0;
  std::size_t size = sizeof value;
  while (zmq_getsockopt(socket_, option, &value, &size) != 0) {
    if (errno != EINTR) fail("get option " + std::to_string(option));
  }
  return value;
}

void Socket::onEvent(std::function<void(const connection::SocketEvent&)> handler) {
  watch_->onEvent(std::move(handler));
  Process::current().watcher.poke();
}

void Socket::detach() {
  // In a forked child the callback that it waits for may be one of the parent's, and never end.
  if (!fork_.crossed()) watch_->detach();
}

void Socket::fail(const std::string& what) const {
  const int error = errno;
  const std::string context = who_ + ": " + what;
  switch (error) {
    case EFSM: throw Error(Errc::outOfTurn, context);
    case ETERM: throw Error(Errc::stopping, context);
    default: throw Error({error, std::generic_category()}, context);
  }
}

}  // namespace dividere::detail
