#pragma once

// The ZeroMQ socket under every class of this layer.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../core/detail/deadline.hpp"
#include "../socket_options.hpp"
#include "binding.hpp"
#include "credentials.hpp"
#include "dialer.hpp"
#include "multipart.hpp"
#include "native_socket.hpp"
#include "poller.hpp"
#include "readiness.hpp"
#include "watch.hpp"

namespace dividere::detail {

/// What became of a message that was to be sent at once.
enum class SendResult {
  sent,
  full,  // nobody has room for it at the moment
  gone   // its route leads to nobody (a ROUTER as setUpRouter() makes it)
};

/// A socket with the library's defaults, waits that take a deadline and see no EINTR, events, and links that are
/// mended by the thread that uses it. Belongs to one thread at a time, and stays where it is.
class Socket {
 public:
  /// `who`, a literal, names the class in errors and in the log; `type` is ZMQ_SUB and so on. `pump`, if any, is called
  /// about once a second in the watcher's thread.
  Socket(const char* who, int type, const connection::SocketOptions& options, std::function<bool()> pump = nullptr);
  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void bind(const std::string& endpoint);

  /// Binds to the first of these ports on every interface that nobody listens on; false if there is none.
  bool bindToFirstFree(std::uint16_t first, std::uint16_t last);

  /// `advice`: what the log says besides, as a warning, if nobody listens there.
  void connect(const std::string& endpoint, const std::string& advice = {});

  /// The same once its host is found, if it has a name: looking that up keeps nobody up. For sockets of the library's own
  /// loops, whose owner attend()s.
  void connectOnceFound(const std::string& endpoint);

  /// Connects to what these say, whenever they change. `name` is its endpoint().
  void follow(const std::string& name, std::shared_ptr<Destinations> destinations) {
    learnEndpoint(name);
    dialer_.follow(std::move(destinations), watch_);
  }

  /// Gives up everything but endpoint() and port(). Does nothing in a forked child, or the second time.
  void close();

  /// Throws Error if this is a forked child of the process that made the socket.
  void requireOwnProcess() const { native_.fork().require(who()); }

  /// Throws Error{tooLarge} for a frame that no peer would take.
  void requireSendable(std::size_t bytes) const {
    if (bytes > static_cast<std::uint64_t>(maxMessageBytes_)) failTooLarge(bytes);
  }

  /// Sends a whole message, and empties its frames; false, and nothing changed, if there was no room in time. Throws Error
  /// if its route leads to nobody, and as requireSendable().
  bool send(Frame& message, const Deadline& deadline);
  bool send(Multipart& message, const Deadline& deadline);
  bool send(const connection::Route& route, Frame& payload, const Deadline& deadline);

  /// Sends a whole message, and empties its frames, unless that needs a wait or there is nobody: then nothing is changed.
  SendResult trySend(Multipart& message);
  SendResult trySend(const connection::Route& route, Frame& payload);

  /// The same, frame by frame, for those that hold no message as a whole: all frames of one in a row, each but the last
  /// with `more`. After the first one, the others are to follow whatever becomes of them.
  SendResult trySendFrame(Frame& frame, bool more);

  /// Receives a whole message into inbox(), at most kMostFrames of it; false if none came in time.
  bool receive(const Deadline& deadline);

  /// Receives only if no wait is needed.
  bool tryReceive();

  /// Receives the next frame of a message instead; false if there is none. It is for whoever calls it to tell of
  /// signalTaken() and foundNothing(), which is not done here.
  bool tryReceiveFrame(Frame& frame);

  /// Whether receive() would return at once. The message is kept for it.
  bool ready();

  /// The same, but waits for that until the deadline.
  bool wait(const Deadline& deadline);

  /// The message last received, all its frames; how many it had, which may be more than are kept.
  Multipart& inbox() { return inbox_; }
  std::size_t framesReceived() const { return framesReceived_; }

  /// The message last received, if it has one frame as it should; throws Error{malformed} otherwise.
  const Frame& onlyFrame() const {
    if (framesReceived_ != 1) failManyFrames();
    return inbox_.frames().front();
  }

  /// Waits for ZMQ_POLLIN or ZMQ_POLLOUT, mending links meanwhile.
  bool await(short wanted, const Deadline& deadline);

  /// Mends links if the watcher found something; what every call does first. Whoever polls on descriptor() calls it when
  /// the waker (wakeWith) says so.
  void attend() {
    if (dialer_.attend()) signalTaken();
  }

  /// Whether attend() would do anything. Any thread, while the socket lives.
  bool needsAttention() const noexcept { return watch_->needsAttention(); }

  /// Calls `function` before the native socket is lent, as nobody but the borrower may use it then: after those set later.
  void onLend(std::function<void()> function) { onLend_.push_back(std::move(function)); }

  bool isLent() const noexcept { return !receiveTimeout_; }

  /// Whether at least one of the endpoints it connects to is up, as far as the watcher knows.
  bool isAnyUp() { return dialer_.isAnyUp(); }

  /// Whether so many of them are, waiting for that until the deadline. Never, if the socket is not monitored.
  bool awaitUp(std::size_t count, const Deadline& deadline) { return dialer_.awaitUp(count, deadline); }

  /// The same while another thread uses the socket, which must attend() to it.
  bool awaitUpElsewhere(std::size_t count, const Deadline& deadline) { return watch_->awaitUp(count, deadline); }

  /// Connects anew, so that what was sent and has not left yet is found by nobody who comes to these endpoints later.
  /// What has come and is not received is lost, too: receive first.
  void forgetUnsent();

  /// What was sent so far is of no use any more. If the queue is full and no peer is up, forgetUnsent(): abandoned messages
  /// must not block the next one.
  void abandonSent(bool mayBeFull);

  /// ZMQ_FD: readable when libzmq has a signal that something may have changed. Most calls take such signals in, and then
  /// it is silent.
  int descriptor() const noexcept { return fd_; }

  /// While set, it is told (once, until a receive finds nothing) when the descriptor may be silent about a message, in the
  /// thread that uses the socket. Null: nobody.
  void setPoller(Poller* poller) noexcept { poller_ = poller; }

  /// Whether the descriptor may be silent about a message.
  bool mayHaveMessage() const noexcept { return mayHaveMessage_; }

  /// libzmq may have taken a signal in.
  void signalTaken() {
    if (mayHaveMessage_) return;
    mayHaveMessage_ = true;
    if (poller_) poller_->lookAgain();
  }

  /// A receive has found nothing: the descriptor will tell of the next message.
  void foundNothing() noexcept {
    mayHaveMessage_ = false;
    if (readiness_) rest();
  }

  /// Another descriptor, for an owner with a loop of his own: readable while tryReceive() may find something, or attend() is
  /// due, whatever is called meanwhile. Throws Error if there is none left.
  int readableWhenDue();

  /// For an owner who waits on that one: there is news of which no signal tells him any more. Any thread, as long as it keeps
  /// the owner from asking for that descriptor meanwhile.
  void callOwner() noexcept {
    if (readiness_) readiness_->lookAgain();
  }

  /// ... and so there is at that time.
  void callOwnerAt(Deadline::Clock::time_point due) {
    if (readiness_) readiness_->lookAt(due);
  }

  /// Has libzmq take in its signals, and so learn what is new of the peers.
  void refresh() { get(ZMQ_EVENTS); }

  /// Waits until something may have changed: a message has come, or a peer has room again. False if nothing did in time.
  bool awaitNews(const Deadline& deadline);

  /// The same for one who wants no message at the moment, and will look again by himself when he does: nobody is told, and
  /// the descriptor is silent until something new happens.
  void decline();

  /// While set, this descriptor is woken when attend() is due; -1: none. Returns the one set before.
  int wakeWith(int fd) { return watch_->wakeWith(fd); }

  /// The pump is called when libzmq gives a signal, too, and not only once a second.
  void pumpOnSignals();

  /// The pump is called soon. Any thread but for close().
  void pumpSoon();

  void set(int option, int value) { native_.set(option, value); }
  void set(int option, const void* value, std::size_t size) { native_.set(option, value, size); }
  int get(int option) {
    if (option == ZMQ_EVENTS) signalTaken();
    return native_.get(option);
  }

  std::int64_t getWide(int option) { return native_.getWide(option); }

  /// For the next connections: ROUTERs know it by this new random name, which is returned. (Of two peers with one name they
  /// would ignore the second.)
  std::string takeRandomName();

  /// As Watch::expectMisfits().
  void expectMisfits() noexcept { watch_->expectMisfits(); }

  /// From now on its waits end as at their deadline when no host lets it in: see requireLetIn().
  void giveUpIfRefused() noexcept { givesUpIfRefused_ = true; }

  bool isRefused() const noexcept { return !dialer_.refusal().empty(); }

  /// Throws Error{unauthorized} if no host lets it in, or has the key it should have.
  void requireLetIn() const {
    if (isRefused()) failRefused();
  }

  /// As Connector::onlyFor().
  void onlyFor(const std::string& group);

  bool isSecured() const noexcept { return credentials_ != nullptr; }

  /// Who lets peers in; null as long as it is bound to nothing, not secured, or the application's own ZAP handler does it.
  Gate* gate() const noexcept { return credentials_ ? credentials_->gate() : nullptr; }

  /// Who sent the frame, as far as that is proved; all empty where it is not.
  Peer peerOf(const Frame& frame) const { return credentials_ ? credentials_->peerOf(frame) : Peer(); }

  /// Whether anybody who was let in may not be here any more; and whether that is who sent the frame. His connection is ended.
  bool hasRevoked() const noexcept;
  bool isRevoked(Frame& frame);

  void onEvent(std::function<void(const connection::SocketEvent&)> handler);

  /// As Watch::onConnectionEnd(). Any thread. Does nothing in a forked child.
  void onConnectionEnd(std::function<void(int)> listener);

  /// No callback or pump runs after this. Does nothing in a forked child.
  void detach();

  const char* className() const noexcept { return native_.className(); }
  const std::string& who() const noexcept { return native_.who(); }
  const std::string& endpoint() const noexcept { return endpoint_; }
  std::int64_t maxMessageBytes() const noexcept { return maxMessageBytes_; }
  std::uint16_t port() const;

  /// What it counts for statistics(); counted by whoever uses the socket.
  SocketTally& tally() noexcept { return watch_->tally; }

  /// The native socket for whoever uses this library. From now on its options are libzmq's own, or what the configure hook
  /// has set.
  void* lend();

  static constexpr std::size_t kMostFrames = 64;

 private:
  // How long a receive waits in libzmq itself at first. While it does, nobody mends links.
  static constexpr std::chrono::milliseconds kFirstWait{20};

  [[noreturn]] void failTooLarge(std::size_t bytes) const;
  [[noreturn]] void failManyFrames() const;
  [[noreturn]] void failRefused() const;

  Socket(const char* who, int type, const connection::SocketOptions& options, const SocketSecurity& security,
         std::function<bool()> pump);

  void rest() noexcept;
  void learnEndpoint(std::string endpoint);

  void countReceived(const Frame& frame) noexcept;

  /// Whether the message in the inbox is from somebody who was let in once and is so no more: then it counts for nothing.
  bool isRevoked();

  /// A whole message into the inbox, waiting for its first frame as the flags say; false if there is none.
  bool takeMessage(int flags);
  bool takeAny(int flags);

  SendResult sendWithin(Frame* frames, std::size_t count, const Deadline& deadline);
  SendResult sendWithin(const connection::Route& route, Frame& payload, const Deadline& deadline);
  SendResult sendFirst(Frame& frame, bool more, const Deadline& deadline);
  bool isSent(SendResult result) const;

  /// Tries `met` whenever something may have changed; false if it was not so in time. `met` has just been tried in vain, and
  /// when it fails has read all of libzmq's signals.
  template <class Condition>
  bool awaitUntil(const Condition& met, const Deadline& deadline);

  const std::int64_t maxMessageBytes_;  // negative: no bound; as it is, unsigned
  const int type_;
  NativeSocket native_;
  const std::shared_ptr<Watch> watch_;
  const std::unique_ptr<Credentials> credentials_;  // null: not secured
  Binding binding_;
  Dialer dialer_;
  int fd_ = -1;
  Poller* poller_ = nullptr;
  std::unique_ptr<Readiness> readiness_;  // made when it is wanted
  bool mayHaveMessage_ = true;
  bool givesUpIfRefused_ = false;
  std::string endpoint_;

  std::vector<std::function<void()>> onLend_;

  // Of the native socket, for whoever borrows it; none once it is lent.
  std::optional<int> receiveTimeout_;

  Multipart inbox_;
  std::size_t framesReceived_ = 0;
  bool isKept_ = false;  // wait() has received a message that nobody has asked for yet
  Multipart spare_;      // for its memory
};

}  // namespace dividere::detail
