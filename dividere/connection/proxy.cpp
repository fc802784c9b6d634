#include "proxy.hpp"

#include <poll.h>

#include <cerrno>
#include <mutex>

#include "../core/detail/fork.hpp"
#include "../core/detail/log_line.hpp"
#include "../core/detail/thread.hpp"
#include "detail/socket.hpp"

namespace dividere::detail {

using connection::SocketOptions;

/// Moves messages between two sockets in a thread of its own, frame by frame, so that no message is ever held as
/// a whole.
class Forwarder {
 public:
  Forwarder(Socket& front, std::uint16_t backPort, const SocketOptions& options)
      : front_(front), back_("connection::Proxy (back)", ZMQ_DEALER, options) {
    back_.bind("tcp://*:" + (backPort == 0 ? std::string("*") : std::to_string(backPort)));
    thread_.start("dividere-proxy", [this] { run(); });
  }

  void stop() {
    if (!thread_.waitsFor()) return thread_.stop();
    std::lock_guard<std::mutex> lock(stopping_);
    thread_.stop();
    front_.close();
    back_.close();
  }

  std::uint16_t backPort() const { return back_.port(); }

 private:
  void run() {
    while (!thread_.stopRequested()) {
      const bool forth = forwardRequests();
      const bool back = forwardReplies();
      if (!forth && !back && !hasRoomAgain()) waitForMore();
    }
  }

  /// Looking for replies may have taken in the signal that a back has room.
  bool hasRoomAgain() { return holds_ && (back_.get(ZMQ_EVENTS) & ZMQ_POLLOUT); }

  // Both sockets have just been read to the end or asked for their events: only then does a descriptor that is
  // silent mean that there is nothing.
  void waitForMore() {
    pollfd waits[] = {
        {front_.descriptor(), POLLIN, 0}, {back_.descriptor(), POLLIN, 0}, {thread_.waker().fd(), POLLIN, 0}};
    ::poll(waits, 3, -1);
  }

  /// Requests are taken in only while a back has room: the rest waits with those who ask. Whether any moved.
  bool forwardRequests() {
    for (int count = 0; count < kBurst; ++count) {
      if (!holds_ && !receive(front_, held_)) return count > 0;
      holds_ = true;
      more_ = held_.more();  // replies have been forwarded since, perhaps
      if (!send(back_, held_)) {
        if (errno != EAGAIN) dropRest(front_, held_);
        front_.get(ZMQ_EVENTS);
        if (back_.get(ZMQ_EVENTS) & ZMQ_POLLOUT) continue;
        return count > 0;
      }
      holds_ = false;
      sendRest(front_, back_);
    }
    return true;
  }

  bool forwardReplies() {
    for (int count = 0; count < kBurst; ++count) {
      Frame route;
      if (!receive(back_, route)) return count > 0;
      if (send(front_, route)) {
        sendRest(back_, front_);
        continue;
      }
      const bool full = errno == EAGAIN;
      dropRest(back_, route);
      drops_.log(
          full ? LogLevel::warning : LogLevel::debug, "connection::Proxy",
          full ? "a reply was dropped: whoever asked does not keep up" : "a reply was dropped: whoever asked is gone");
    }
    return true;
  }

  bool receive(Socket& from, Frame& frame) {
    while (zmq_msg_recv(frame.native(), from.native(), ZMQ_DONTWAIT) < 0) {
      if (errno != EINTR) return false;
    }
    more_ = frame.more();
    return true;
  }

  bool send(Socket& to, Frame& frame) {
    while (zmq_msg_send(frame.native(), to.native(), ZMQ_DONTWAIT | (more_ ? ZMQ_SNDMORE : 0)) < 0) {
      if (errno != EINTR) return false;
    }
    return true;
  }

  // Once the first frame of a message is in, the others are taken without a wait, or dropped with a peer that dies.
  void sendRest(Socket& from, Socket& to) {
    Frame frame;
    while (more_ && receive(from, frame)) send(to, frame);
  }

  void dropRest(Socket& from, Frame& frame) {
    while (more_ && receive(from, frame)) {
    }
    holds_ = false;
  }

  static constexpr int kBurst = 1000;  // messages one way before the other way has its turn

  // The thread's alone while it runs.
  Socket& front_;
  Socket back_;
  Frame held_;  // the first frame of a request that no back had room for
  bool holds_ = false;
  bool more_ = false;  // whether frames follow the one received last
  RateLimit drops_;

  std::mutex stopping_;
  StoppableThread thread_;  // last: it ends before what it uses
};

std::unique_ptr<Socket> makeProxyFront(std::uint16_t port, const SocketOptions& options) {
  auto socket = std::make_unique<Socket>("connection::Proxy", ZMQ_ROUTER, options);
  socket->set(ZMQ_ROUTER_MANDATORY, 1);  // a reply that cannot be delivered is known, not lost in silence
  socket->set(ZMQ_ROUTER_HANDOVER, 1);   // a peer that connects again is not ignored for its former connection
  socket->bind("tcp://*:" + (port == 0 ? std::string("*") : std::to_string(port)));
  return socket;
}

}  // namespace dividere::detail

namespace dividere::connection {

Proxy::Proxy(std::uint16_t frontPort, std::uint16_t backPort, const SocketOptions& options)
    : Connector(detail::makeProxyFront(frontPort, options)),
      forwarder_(std::make_unique<detail::Forwarder>(socket(), backPort, options)) {}

Proxy::Proxy(Proxy&&) noexcept = default;

Proxy& Proxy::operator=(Proxy&& other) noexcept {
  forwarder_ = {};  // its thread uses the socket that the base is about to let go
  Connector::operator=(std::move(other));
  forwarder_ = std::move(other.forwarder_);
  return *this;
}

Proxy::~Proxy() { stop(); }

void Proxy::stop() {
  if (forwarder_) forwarder_->stop();
}

std::uint16_t Proxy::frontPort() const { return port(); }

std::uint16_t Proxy::backPort() const {
  socket();
  return forwarder_->backPort();
}

}  // namespace dividere::connection
