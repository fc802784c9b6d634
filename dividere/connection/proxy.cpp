#include "proxy.hpp"

#include <poll.h>

#include <mutex>
#include <string>

#include "../core/detail/fork.hpp"
#include "../core/detail/log_line.hpp"
#include "../core/detail/thread.hpp"
#include "../core/error.hpp"
#include "detail/relay.hpp"
#include "detail/router.hpp"

namespace dividere::detail {

/// Moves messages between two sockets in a thread of its own.
class Forwarder {
 public:
  Forwarder(Socket& front, std::uint16_t backPort, const connection::SocketOptions& options)
      : front_(front), back_("connection::Proxy (back)", ZMQ_DEALER, options) {
    back_.bind(everyInterface(backPort));
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
    try {
      while (!thread_.stopRequested()) {
        const bool forth = forwardRequests();
        const bool back = forwardReplies();
        if (!forth && !back && !hasRoomAgain()) waitForMore();
      }
    } catch (const Error& error) {
      log(LogLevel::error, "connection::Proxy",
          std::string("it ends: ") + error.what());  // its context is shut down, say
    }
  }

  /// Looking for replies may have taken in the signal that a back has room.
  bool hasRoomAgain() { return requests_.isWaiting() && (back_.get(ZMQ_EVENTS) & ZMQ_POLLOUT); }

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
      switch (requests_.forward()) {
        case Relay::Result::passed: break;
        case Relay::Result::nothing: return count > 0;
        default:
          front_.get(ZMQ_EVENTS);
          if (!(back_.get(ZMQ_EVENTS) & ZMQ_POLLOUT)) return count > 0;
      }
    }
    return true;
  }

  bool forwardReplies() {
    for (int count = 0; count < kBurst; ++count) {
      switch (replies_.forward()) {
        case Relay::Result::passed: break;
        case Relay::Result::nothing: return count > 0;
        case Relay::Result::full: dropReply(LogLevel::warning, "whoever asked does not keep up"); break;
        case Relay::Result::gone: dropReply(LogLevel::debug, "whoever asked is gone"); break;
      }
    }
    return true;
  }

  void dropReply(LogLevel level, const char* why) {
    replies_.drop();
    drops_.log(level, "connection::Proxy", std::string("a reply was dropped: ") + why);
  }

  static constexpr int kBurst = 1000;  // messages one way before the other way has its turn

  // The thread's alone while it runs.
  Socket& front_;
  Socket back_;
  Relay requests_{front_, back_};
  Relay replies_{back_, front_};
  RateLimit drops_;

  std::mutex stopping_;
  StoppableThread thread_;  // last: it ends before what it uses
};

}  // namespace dividere::detail

namespace dividere::connection {

Proxy::Proxy(std::uint16_t frontPort, std::uint16_t backPort, const SocketOptions& options)
    : Connector(detail::makeRouter("connection::Proxy", frontPort, options)),
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
