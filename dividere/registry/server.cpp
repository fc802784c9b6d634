#include "server.hpp"

#include <algorithm>
#include <atomic>

#include "../connection/detail/endpoint.hpp"
#include "../connection/port_manager.hpp"
#include "../core/detail/options.hpp"
#include "detail/announcer.hpp"
#include "detail/registry_source.hpp"

namespace dividere::detail {

// What a service says of itself takes some hundred bytes. This leaves room for lists, and for a reply in words to what is
// somewhat too long; who sends an absurdly long message loses the connection.
constexpr std::int64_t kLargestRegistryMessage = 64 * 1024;
// What an envelope and the route of a reply take beside its content.
constexpr std::int64_t kAroundReply = 4 * 1024;
constexpr std::chrono::milliseconds kLookPeriod{1000};

constexpr const char* kRegistryServer = "registry::Server";

static void checkOptions(const registry::ServerOptions& options) {
  requireOption(options.maxInstancesPerName > 0, kRegistryServer, "maxInstancesPerName must be positive");
  requireOption(options.maxEntries > 0, kRegistryServer, "maxEntries must be positive");
  requireOption(options.maxEntriesPerHost > 0, kRegistryServer, "maxEntriesPerHost must be positive");
  requireOption(options.port != 65535 || options.announcePort != 0, kRegistryServer,
                "announcePort must be set if port is 65535");
}

static DirectoryLimits limitsOf(const registry::ServerOptions& options) {
  DirectoryLimits limits;
  limits.instancesPerName = options.maxInstancesPerName;
  limits.entries = options.maxEntries;
  limits.entriesPerHost = options.maxEntriesPerHost;
  const std::int64_t room = options.socket.maxMessageBytes - kAroundReply;
  limits.replyBytes = static_cast<std::size_t>(std::max<std::int64_t>(room, 0));
  return limits;
}

class RegistryServer {
 public:
  explicit RegistryServer(registry::ServerOptions options) {
    checkOptions(options);
    handlers_.seal(kRegistryServer);
    std::int64_t& largest = options.socket.maxMessageBytes;
    largest = largest < 0 ? kLargestRegistryMessage : std::min(largest, kLargestRegistryMessage);
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
    source_ = std::make_unique<RegistrySource>(loop_, entries_, everyInterface(options.port), options.socket,
                                               limitsOf(options), handlers_);
    try {
      announcer_ = std::make_unique<Announcer>(
          loop_, everyInterface(options.announcePort ? options.announcePort : next), options.socket);
    } catch (const Error& error) {
      throw Error(error.code(), std::string(kRegistryServer) + ": announcements: " + error.context());
    }
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
  ReactorLoop loop_{kRegistryServer};
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
