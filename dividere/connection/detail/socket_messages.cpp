// How a Socket sends and receives: whole messages, with waits that end at a deadline.
#include "socket.hpp"

#include <poll.h>

#include <cerrno>
#include <utility>

#include "../../core/error.hpp"
#include "large_blocks.hpp"
#include "transport.hpp"

namespace dividere::detail {

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

bool Socket::hasRevoked() const noexcept {
  const Gate* const gate = this->gate();
  return gate && gate->hasRevoked();
}

bool Socket::isRevoked(Frame& frame) {
  if (!hasRevoked() || !gate()->isRevoked(frame.peerKey())) return false;
  cut(frame.sourceDescriptor(), endpoint_);
  return true;
}

bool Socket::isRevoked() {
  if (!hasRevoked()) return false;
  Frame& last = inbox_.frames().back();
  if (!isRevoked(last)) return false;
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

bool Socket::awaitNews(const Deadline& deadline) {
  pollfd wait{fd_, POLLIN, 0};
  int ready;
  while ((ready = ::poll(&wait, 1, deadline.pollTimeout())) < 0 && errno == EINTR) {
  }
  if (ready > 0) refresh();
  return ready > 0;
}

}  // namespace dividere::detail
