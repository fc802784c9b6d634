#include "server.hpp"

#include <algorithm>
#include <atomic>

#include "../connection/port_manager.hpp"
#include "../connection/publisher.hpp"
#include "../messaging/detail/envelope_format.hpp"
#include "../reactor/detail/alarm.hpp"
#include "../reactor/detail/router_source.hpp"
#include "detail/directory.hpp"

namespace dividere::detail {

using namespace std::chrono_literals;

// What a service says of itself is short.
constexpr std::int64_t kLargestRegistryMessage = 1024 * 1024;
// When the Python package's registry asks services to register again: it gives them time to connect.
constexpr auto kFirstAnnouncement = 1000ms;
// At most one announcement in this time, however many come to listen.
constexpr auto kBetweenAnnouncements = 250ms;
constexpr auto kLookPeriod = 1000ms;

/// Asks whoever listens to register again: about a second after the start, and whenever a new one has come to listen,
/// which may have missed it.
class Announcer final : public Source {
 public:
  Announcer(ReactorLoop& loop, const std::string& endpoint, const connection::SocketOptions& options)
      : publisher_(endpoint, options), alarm_(loop, [this] { announce(); }) {}

  void start() { alarm_.set(Alarm::Clock::now() + kFirstAnnouncement); }

  Socket& socket() override { return publisher_.socket(); }

  /// Nobody sends anything here, but the news of who listens wake the loop.
  bool hasMessage() override {
    look();
    return false;
  }

  void look() {
    const std::uint64_t arrivals = publisher_.arrivals();
    if (arrivals > known_) alarm_.set(last_ + kBetweenAnnouncements);
    known_ = arrivals;
  }

  void take() override {}

 private:
  void announce() {
    last_ = Alarm::Clock::now();
    publisher_.send(sealEnvelope(RediscoverReq::kType, RediscoverReq().encode()));
    look();  // sending may have taken in the signal that somebody came
  }

  connection::Publisher publisher_;
  Alarm alarm_;
  std::uint64_t known_ = 0;  // of those who have come
  Alarm::Clock::time_point last_{};
};

/// Answers requests out of the directory.
class RegistrySource final : public RouterSource {
 public:
  RegistrySource(std::atomic<std::size_t>& entries, const std::string& endpoint,
                 const connection::SocketOptions& options, HandlerTable& handlers)
      : RouterSource("registry::Server", options, handlers), entries_(entries) {
    socket().bind(endpoint);
  }

  void take() override {
    const Frame& frame = receive();
    const Envelope envelope = openEnvelope(socket().who(), frame.view());
    if (answers<RegisterService>(envelope) || answers<UnregisterService>(envelope) ||
        answers<ServiceLookupReq>(envelope)) {
      entries_ = directory_.size();
    } else {
      dispatch(frame);  // has no handler for it, and says so
    }
  }

  void expire() {
    directory_.expire(Deadline::Clock::now());
    entries_ = directory_.size();
  }

 private:
  template <class Request>
  bool answers(const Envelope& envelope) {
    if (envelope.type != Request::kType) return false;
    Request request;
    if (!request.decode(envelope.payload)) {
      throw Error(Errc::malformed, socket().who() + ": " + std::string(Request::kType));
    }
    const auto made = answerTo(request);
    Frame frame{std::string_view(sealEnvelope(made.kType, made.encode()))};
    reply(frame);
    return true;
  }

  Ack answerTo(const RegisterService& request) { return {directory_.add(request, Deadline::Clock::now()), true}; }
  Ack answerTo(const UnregisterService& request) { return {directory_.remove(request), true}; }
  ServiceLookupRep answerTo(const ServiceLookupReq& request) {
    return directory_.find(request, Deadline::Clock::now());
  }

  Directory directory_;
  std::atomic<std::size_t>& entries_;
};

class RegistryServer {
 public:
  explicit RegistryServer(registry::ServerOptions options) {
    handlers_.seal("registry::Server");
    options.socket.maxMessageBytes = std::min(options.socket.maxMessageBytes, kLargestRegistryMessage);
    if (options.port == 0) {
      openAnywhere(options);
    } else {
      open(options);
    }
    port_ = source_->socket().port();
    announcePort_ = announcer_->socket().port();
    announcer_->start();
    // The announcements' socket may have its news read by the watcher's thread, which does not wake the loop.
    loop_.every(kLookPeriod, [source = source_.get(), announcer = announcer_.get()] {
      source->expire();
      announcer->look();
    });
    loop_.add(std::move(source_));
    loop_.add(std::move(announcer_));
    loop_.start();
  }

  void stop() { loop_.stop(); }

  std::uint16_t port() const { return port_; }
  std::uint16_t announcePort() const { return announcePort_; }
  std::size_t entries() const { return entries_; }

 private:
  void open(const registry::ServerOptions& options) {
    const auto next = static_cast<std::uint16_t>(options.port + 1);
    source_ = std::make_unique<RegistrySource>(entries_, everyInterface(options.port), options.socket, handlers_);
    announcer_ = std::make_unique<Announcer>(loop_, everyInterface(options.announcePort ? options.announcePort : next),
                                             options.socket);
  }

  // Two ports in a row, so that one number says where it is.
  void openAnywhere(registry::ServerOptions options) {
    for (int attempt = 0;; ++attempt) {
      options.port = connection::PortManager::acquire();
      try {
        open(options);
        return connection::PortManager::release(options.port);
      } catch (const Error& error) {
        source_.reset();
        connection::PortManager::release(options.port);
        if (error.code() != std::errc::address_in_use || attempt == 20) throw;
      }
    }
  }

  std::atomic<std::size_t> entries_{0};
  std::uint16_t port_ = 0;
  std::uint16_t announcePort_ = 0;
  HandlerTable handlers_;  // none: who asks anything else is told so
  ReactorLoop loop_{"registry::Server"};
  std::unique_ptr<RegistrySource> source_;  // the loop's once it runs
  std::unique_ptr<Announcer> announcer_;    // the same
};

}  // namespace dividere::detail

namespace dividere::registry {

Server::Server(const ServerOptions& options) : server_(std::make_unique<detail::RegistryServer>(options)) {}

Server::~Server() = default;

void Server::stop() { server_->stop(); }

std::uint16_t Server::port() const { return server_->port(); }

std::uint16_t Server::announcePort() const { return server_->announcePort(); }

std::size_t Server::entries() const { return server_->entries(); }

}  // namespace dividere::registry
