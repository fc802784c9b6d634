#include "socket.hpp"

#include <utility>

#include "../../core/detail/random.hpp"
#include "../../core/error.hpp"
#include "endpoint.hpp"
#include "host_names.hpp"
#include "process.hpp"
#include "socket_defaults.hpp"

namespace dividere::detail {

constexpr std::string_view kInproc = "inproc://";

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
  applyDefaults(native_, type, options);
  if (!options.onlyFor.empty()) onlyFor(options.onlyFor);
  if (options.configure) {
    options.configure(native_.handle());
    refuseConflation(native_, type);
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

void Socket::connectOnceFound(const std::string& endpoint) {
  const Endpoint parsed = parseEndpoint(who(), endpoint, false);
  if (parsed.transport != Transport::tcp || isHostAddress(parsed.address)) return connect(endpoint);
  const auto found = std::make_shared<FoundEndpoint>();
  follow(endpoint, found);
  found->find(who(), parsed.address, endpoint);
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

// --- Options ---

std::string Socket::takeRandomName() {
  std::string name = randomUuid();
  set(ZMQ_ROUTING_ID, name.data(), name.size());
  return name;
}

void* Socket::lend() {
  for (; !onLend_.empty(); onLend_.pop_back()) onLend_.back()();
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

void Socket::onConnectionEnd(std::function<void(int)> listener) {
  if (!native_.fork().crossed()) watch_->onConnectionEnd(std::move(listener));
}

void Socket::pumpOnSignals() { Process::current().watcher.pumpOn(*watch_, fd_); }

void Socket::pumpSoon() { Process::current().watcher.pumpSoon(); }

void Socket::detach() {
  // In a forked child the callback that it waits for may be one of the parent's, and never end.
  if (!native_.fork().crossed()) watch_->detach();
}

}  // namespace dividere::detail
