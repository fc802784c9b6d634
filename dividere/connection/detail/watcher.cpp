#include "watcher.hpp"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "../../core/detail/log_line.hpp"
#include "../../core/detail/thread.hpp"
#include "../../core/error.hpp"
#include "frame.hpp"

namespace dividere::detail {

using connection::EventType;
using connection::SocketEvent;
using namespace std::chrono_literals;

constexpr std::size_t kEventsKept = 16;
constexpr auto kPumpPeriod = 1s;
// ... and if they had more to do than they should at a time.
constexpr auto kPumpAgain = 10ms;
// How long after a loss libzmq's own announcement of the next attempt may take; it follows within microseconds
// unless the machine is overloaded. Doubled with each repair in vain, so that a port where something else
// answers is not hammered.
constexpr auto kRetryGrace = 250ms;
constexpr auto kRetryGraceMax = 5000ms;

// --- Watch: the owner's side ---

void Watch::onEvent(std::function<void(const SocketEvent&)> handler) {
  std::unique_lock<std::mutex> lock(mutex_);
  handler_ = handler ? std::make_shared<const std::function<void(const SocketEvent&)>>(std::move(handler)) : nullptr;
  waitForCallback(lock);
}

void Watch::detach() {
  std::unique_lock<std::mutex> lock(mutex_);
  detached_ = true;
  wakeFd_ = -1;
  waitForCallback(lock);
}

void Watch::expectBind() {
  std::lock_guard<std::mutex> lock(mutex_);
  bindError_ = 0;
}

int Watch::bindError(const Deadline& deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  bindFailed_.wait_until(lock, deadline.when(), [this] { return bindError_ != 0; });
  return bindError_;
}

void Watch::addLink(const std::string& endpoint) {
  std::lock_guard<std::mutex> lock(mutex_);
  Link link;
  link.endpoint = endpoint;
  links_.push_back(std::move(link));
}

std::vector<Link> Watch::takeLinks() {
  std::lock_guard<std::mutex> lock(mutex_);
  attention_.store(false, std::memory_order_relaxed);
  return links_;
}

void Watch::relinked(const std::string& endpoint) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (Link& link : links_) {
    if (link.endpoint != endpoint) continue;
    if (link.state == Link::State::broken) ++link.repairs;
    if (link.state == Link::State::broken || !link.isDown()) link.state = Link::State::connecting;
  }
}

int Watch::wakeWith(int fd) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (fd >= 0 && needsAttention()) Waker::wake(fd);
  return std::exchange(wakeFd_, fd);
}

void Watch::openReader(void* context, void* socket) {
  // The order matters: a socket whose monitor has no reader yet can hang in zmq_bind(), and in ending the monitor.
  static std::atomic<std::uint64_t> count{0};
  const std::string name = "inproc://dividere.monitor." + std::to_string(count++);
  reader_ = zmq_socket(context, ZMQ_PAIR);
  bool opened = reader_ && zmq_socket_monitor(socket, name.c_str(), ZMQ_EVENT_ALL) == 0;
  if (opened) {
    const int none = 0;  // no bound: a full reader would block the thread that serves every socket
    zmq_setsockopt(reader_, ZMQ_RCVHWM, &none, sizeof none);
    zmq_setsockopt(reader_, ZMQ_LINGER, &none, sizeof none);
    std::size_t size = sizeof readerFd_;
    zmq_getsockopt(reader_, ZMQ_FD, &readerFd_, &size);
    opened = zmq_connect(reader_, name.c_str()) == 0;
  }
  if (opened) return;
  const std::error_code code(errno, std::generic_category());
  closeReader();
  throw Error(code, who_ + ": monitor");
}

void Watch::closeReader() {
  if (reader_) zmq_close(reader_);
  reader_ = nullptr;
}

// --- Watch: the watcher's side ---

template <class Callback>
void Watch::call(std::unique_lock<std::mutex>& lock, const Callback& callback) {
  calling_ = std::this_thread::get_id();
  lock.unlock();
  try {
    const CallbackScope scope;
    callback();
  } catch (const std::exception& error) {
    log(LogLevel::error, who_, std::string("an event handler threw: ") + error.what());
  } catch (...) {
    log(LogLevel::error, who_, "an event handler threw something that is no std::exception");
  }
  lock.lock();
  calling_ = {};
  callbackDone_.notify_all();
}

void Watch::waitForCallback(std::unique_lock<std::mutex>& lock) {
  if (calling_ == std::this_thread::get_id()) return;
  callbackDone_.wait(lock, [this] { return calling_ == std::thread::id(); });
}

void Watch::deliver(SocketEvent&& event) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (backlog_.size() == kEventsKept) backlog_.pop_front();
  backlog_.push_back(std::move(event));
  deliverBacklog(lock);
}

void Watch::deliverBacklog(std::unique_lock<std::mutex>& lock) {
  while (handler_ && !detached_ && !backlog_.empty()) {
    const auto handler = handler_;  // kept alive though it may be replaced meanwhile
    const SocketEvent event = std::move(backlog_.front());
    backlog_.pop_front();
    call(lock, [&] { (*handler)(event); });
  }
}

bool Watch::runIdle() {
  std::unique_lock<std::mutex> lock(mutex_);
  bool again = false;
  if (!detached_ && !idleEnded_) call(lock, [&] { again = idle_(); });
  return again;
}

void Watch::endIdle() {
  std::unique_lock<std::mutex> lock(mutex_);
  idleEnded_ = true;
  waitForCallback(lock);
}

/// With its colon; nothing if there is none.
std::string_view portOf(std::string_view endpoint) {
  return endpoint.substr(std::min(endpoint.rfind(':'), endpoint.size()));
}

Link* Watch::linkOf(const std::string& endpoint) {
  for (Link& link : links_) {
    if (link.endpoint == endpoint) return &link;
  }
  // Once libzmq has looked up a host's name it speaks of its address; the port still tells, if only one has it.
  return onlyLinkAt(portOf(endpoint));
}

/// Null if there is none, or several.
Link* Watch::onlyLinkAt(std::string_view port) {
  const auto isThere = [&](const Link& link) { return portOf(link.endpoint) == port; };
  const auto found = std::find_if(links_.begin(), links_.end(), isThere);
  if (found == links_.end() || std::find_if(found + 1, links_.end(), isThere) != links_.end()) return nullptr;
  return &*found;
}

/// Whether what happens next will be known to be this link's: of two hosts that have been looked up, and have one port, it
/// would not.
bool Watch::isKnownByName(const Link& link) {
  constexpr std::string_view kTcp = "tcp://";
  const std::string_view endpoint = link.endpoint;
  if (endpoint.substr(0, kTcp.size()) != kTcp) return true;
  const std::string_view port = portOf(endpoint);
  const std::string host(endpoint.substr(kTcp.size(), endpoint.size() - kTcp.size() - port.size()));
  in_addr address;
  if (host[0] == '[' || ::inet_pton(AF_INET, host.c_str(), &address) == 1) return true;
  return onlyLinkAt(port) != nullptr;
}

void Watch::callOwner() {
  attention_.store(true, std::memory_order_release);
  if (wakeFd_ >= 0) Waker::wake(wakeFd_);
}

// A client that retries a dead port of its own machine, inside the range for outgoing connections, can be given
// that very port and meet itself; a Dealer would then receive what it sent.
void cutIfConnectedToItself(int fd) {
  sockaddr_storage here{}, there{};
  socklen_t hereSize = sizeof here, thereSize = sizeof there;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&here), &hereSize) != 0) return;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&there), &thereSize) != 0) return;
  if (here.ss_family != AF_INET && here.ss_family != AF_INET6) return;
  if (hereSize == thereSize && std::memcmp(&here, &there, hereSize) == 0) ::shutdown(fd, SHUT_RDWR);
}

void Watch::follow(const SocketEvent& event) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (event.type == EventType::bindFailed) {
    bindError_ = static_cast<int>(event.value);
    bindFailed_.notify_all();
  }
  if (links_.empty() || detached_) return;
  if (event.type == EventType::connected) cutIfConnectedToItself(static_cast<int>(event.value));
  Link* link = linkOf(event.endpoint);
  if (!link) return;
  const bool wasUp = link->isUp(), wasDown = link->isDown();
  switch (event.type) {
    case EventType::connectDelayed:
    case EventType::connected:
      if (!link->isDown()) link->state = Link::State::connecting;
      break;
    case EventType::handshakeSucceeded:
      link->state = Link::State::up;
      link->failures = link->repairs = 0;
      break;
    case EventType::connectRetried:
      link->state = Link::State::retrying;
      ++link->failures;
      break;
    case EventType::handshakeFailed:
    case EventType::disconnected:
      if (link->state == Link::State::broken || link->state == Link::State::suspect || !isKnownByName(*link)) break;
      link->state = Link::State::suspect;
      link->lost = Clock::now();
      suspects_ = true;
      break;
    default: break;
  }
  // Only a socket that deals to several peers has a choice to make.
  if (links_.size() > 1 && (wasUp != link->isUp() || wasDown != link->isDown())) callOwner();
}

Watch::Clock::time_point Watch::findBroken(Clock::time_point now) {
  std::vector<std::string> broken;
  const auto next = findBroken(now, broken);
  // Without the lock: whoever takes the log may be using the socket.
  for (const std::string& endpoint : broken) {
    log(LogLevel::info, who_,
        endpoint + ": the peer does not speak ZeroMQ, or is of a kind that does not fit; trying again");
  }
  return next;
}

Watch::Clock::time_point Watch::findBroken(Clock::time_point now, std::vector<std::string>& broken) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto next = Clock::time_point::max();
  for (Link& link : links_) {
    if (link.state != Link::State::suspect) continue;
    const auto due =
        link.lost + std::min<std::chrono::milliseconds>(kRetryGrace * (1 << std::min(link.repairs, 5)), kRetryGraceMax);
    if (due <= now) {
      link.state = Link::State::broken;
      broken.push_back(link.endpoint);
      callOwner();
    } else {
      next = std::min(next, due);
    }
  }
  suspects_ = next != Clock::time_point::max();
  return next;
}

// --- Watcher: any thread ---

void Watcher::add(const std::shared_ptr<Watch>& watch, void* context, void* socket) {
  if (socket) watch->openReader(context, socket);
  try {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!running_) start();
    new_.push_back(watch);
    ++watched_;
    waker_->wake();
  } catch (...) {
    if (socket) zmq_socket_monitor(socket, nullptr, 0);  // while it has a reader: without one, this hangs
    watch->closeReader();
    throw;
  }
}

void Watcher::start() {
  if (!waker_) waker_ = std::make_unique<Waker>();
  if (thread_.joinable()) thread_.join();  // it has ended: nothing was left to watch
  OwnedDescriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) throw Error({errno, std::generic_category()}, "epoll_create1");
  epoll_ = std::move(epoll);
  thread_ = startThread("dividere-watch", [this] { run(); });
  running_ = true;
}

void Watcher::remove(const std::shared_ptr<Watch>& watch) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (watch->reader_) {
    watch->closeBy_ = watch->linger_ < 0ms ? Clock::time_point::max() : Deadline::in(watch->linger_).when();
    closing_.push_back(watch);
  } else {
    removed_.push_back(watch);
    waker_->wake();
  }
}

void Watcher::poke() {
  std::lock_guard<std::mutex> lock(mutex_);
  poked_ = true;
  if (waker_) waker_->wake();
}

std::uint64_t Watcher::releases() {
  std::lock_guard<std::mutex> lock(mutex_);
  return releases_;
}

bool Watcher::awaitRelease(std::uint64_t seen, const Deadline& deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto moved = [&] { return releases_ != seen; };
  while (!moved()) {
    if (closing_.empty() || deadline.passed()) return false;
    changed_.wait_until(lock, deadline.when(), [&] { return moved() || closing_.empty(); });
  }
  return true;
}

void Watcher::finishSending() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    exiting_ = true;
  }
  awaitAllSent();
  joinIfDone();
}

void Watcher::closed() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!exiting_) return;
  }
  awaitAllSent();
  joinIfDone();
}

// Tools that look for leaks report a thread that has ended unjoined.
void Watcher::joinIfDone() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (watched_ > 0 || thread_.get_id() == std::this_thread::get_id()) return;
  changed_.wait_for(lock, 100ms, [this] { return !running_; });
  if (!running_ && thread_.joinable()) thread_.join();
}

void Watcher::awaitAllSent() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!closing_.empty()) {
    auto last = Clock::time_point::min();
    for (const auto& watch : closing_) last = std::max(last, watch->closeBy_);
    if (last == Clock::time_point::max()) {
      changed_.wait(lock);
    } else if (changed_.wait_until(lock, last + 100ms) == std::cv_status::timeout) {
      return;  // libzmq has given up too, by now
    }
  }
}

// --- Watcher: its thread ---

void Watcher::run() {
  epoll_event wakeUp{};
  wakeUp.events = EPOLLIN;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, waker_->fd(), &wakeUp);
  for (;;) {
    takeNew();
    if (finished()) break;
    const auto due = doWhatIsDue(Clock::now());
    epoll_event ready[64];
    const int count = ::epoll_wait(epoll_.get(), ready, 64, Deadline::at(due).pollTimeout());
    for (int i = 0; i < count; ++i) {
      if (ready[i].data.ptr) {
        drain(*static_cast<Watch*>(ready[i].data.ptr));
      } else {
        waker_->drain();
      }
    }
  }
}

void Watcher::takeNew() {
  std::vector<std::shared_ptr<Watch>> added, removed;
  bool poked = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    added.swap(new_);
    removed.swap(removed_);
    std::swap(poked, poked_);
  }
  for (auto& watch : added) {
    if (watch->idle_ && pumped_++ == 0) nextPump_ = Clock::now() + kPumpPeriod;
    if (watch->reader_) {
      epoll_event interest{};
      interest.events = EPOLLIN;
      interest.data.ptr = watch.get();
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, watch->readerFd_, &interest);
    }
    watches_.emplace(watch.get(), watch);
    // The descriptor tells of new events only; some may have come before it was watched.
    if (watch->reader_) drain(*watch);
  }
  for (auto& watch : removed) forget(*watch);
  if (!poked) return;
  for (auto& [watch, owner] : watches_) {
    std::unique_lock<std::mutex> lock(watch->mutex_);
    watch->deliverBacklog(lock);
  }
}

// libzmq's numbers are bits; ours are the names of what they mean.
bool translate(std::uint16_t event, EventType& type) {
  switch (event) {
    case ZMQ_EVENT_CONNECTED: type = EventType::connected; return true;
    case ZMQ_EVENT_CONNECT_DELAYED: type = EventType::connectDelayed; return true;
    case ZMQ_EVENT_CONNECT_RETRIED: type = EventType::connectRetried; return true;
    case ZMQ_EVENT_LISTENING: type = EventType::listening; return true;
    case ZMQ_EVENT_BIND_FAILED: type = EventType::bindFailed; return true;
    case ZMQ_EVENT_ACCEPTED: type = EventType::accepted; return true;
    case ZMQ_EVENT_ACCEPT_FAILED: type = EventType::acceptFailed; return true;
    case ZMQ_EVENT_CLOSED: type = EventType::closed; return true;
    case ZMQ_EVENT_CLOSE_FAILED: type = EventType::closeFailed; return true;
    case ZMQ_EVENT_DISCONNECTED: type = EventType::disconnected; return true;
    case ZMQ_EVENT_MONITOR_STOPPED: type = EventType::monitorStopped; return true;
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: type = EventType::handshakeSucceeded; return true;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: type = EventType::handshakeFailed; return true;
    default: return false;
  }
}

enum class Reading { event, unknown, nothing, contextEnds };

// zmq_socket_monitor(3): u16 event and u32 value, unaligned, in the host's order; then the endpoint.
Reading readEvent(void* reader, SocketEvent& event) {
  Frame head, endpoint;
  while (zmq_msg_recv(head.native(), reader, ZMQ_DONTWAIT) < 0) {
    if (errno != EINTR) return errno == ETERM ? Reading::contextEnds : Reading::nothing;
  }
  while (head.more() && zmq_msg_recv(endpoint.native(), reader, 0) < 0 && errno == EINTR) {
  }
  if (head.size() < sizeof(std::uint16_t) + sizeof(std::uint32_t)) return Reading::unknown;
  std::uint16_t number;
  std::memcpy(&number, head.data(), sizeof number);
  std::memcpy(&event.value, head.data() + sizeof number, sizeof event.value);
  event.endpoint = endpoint.str();
  return translate(number, event.type) ? Reading::event : Reading::unknown;
}

void Watcher::drain(Watch& watch) {
  SocketEvent event{};
  for (;;) {
    const Reading reading = readEvent(watch.reader_, event);
    if (reading == Reading::nothing) return;
    // Whoever ends a context that has just closed its last socket waits for the reader to be closed too.
    if (reading == Reading::contextEnds) return forget(watch);
    if (reading == Reading::unknown) continue;
    if (logs(LogLevel::debug)) {
      log(LogLevel::debug, watch.who_,
          std::string(name(event.type)) + " " + event.endpoint + " (" + std::to_string(event.value) + ")");
    }
    watch.follow(event);
    if (watch.suspects_) suspects_.insert(&watch);
    const EventType type = event.type;
    watch.deliver(std::move(event));
    if (type == EventType::monitorStopped) {
      forget(watch);
      return;
    }
    if (type == EventType::closed) announceRelease(nullptr);
  }
}

void Watcher::forget(Watch& watch) {
  const auto found = watches_.find(&watch);
  if (found == watches_.end()) return;
  const auto alive = found->second;
  watches_.erase(found);
  suspects_.erase(&watch);
  if (watch.idle_) --pumped_;
  if (watch.reader_) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watch.readerFd_, nullptr);
    watch.closeReader();
  }
  announceRelease(&watch);
}

void Watcher::announceRelease(const Watch* gone) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (gone) {
    --watched_;
    closing_.erase(std::remove_if(closing_.begin(), closing_.end(), [&](const auto& w) { return w.get() == gone; }),
                   closing_.end());
  }
  ++releases_;
  changed_.notify_all();
}

Watcher::Clock::time_point Watcher::doWhatIsDue(Clock::time_point now) {
  auto next = Clock::time_point::max();
  for (auto it = suspects_.begin(); it != suspects_.end();) {
    const auto due = (*it)->findBroken(now);
    next = std::min(next, due);
    it = due == Clock::time_point::max() ? suspects_.erase(it) : std::next(it);
  }
  if (pumped_ == 0) return next;
  if (now >= nextPump_) {
    bool again = false;
    for (auto& [watch, owner] : watches_) again = (watch->idle_ && watch->runIdle()) || again;
    nextPump_ = now + (again ? kPumpAgain : kPumpPeriod);
  }
  return std::min(next, nextPump_);
}

bool Watcher::finished() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (watched_ > 0) return false;
  running_ = false;
  changed_.notify_all();
  return true;
}

}  // namespace dividere::detail
