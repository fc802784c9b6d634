#include "registry_link.hpp"

#include <map>
#include <tuple>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/never_destroyed.hpp"
#include "../../core/detail/thread.hpp"
#include "../../messaging/detail/envelope_format.hpp"
#include "../../messaging/detail/framework_messages.hpp"
#include "own_address.hpp"

namespace dividere::detail {

constexpr const char* kRegistryClient = "registry::Client";

// No registry sends more at once: those of 0.1 send as much at most, later ones far less.
constexpr std::int64_t kLargestRegistryReply = 1024 * 1024;

static connection::SocketOptions registrySocketOptions() {
  connection::SocketOptions options;
  // A registry that comes back is found at once: its services and their callers wait for it.
  options.reconnect = options.reconnectMax = std::chrono::milliseconds(100);
  options.maxMessageBytes = kLargestRegistryReply;
  options.host = "registry";
  return options;
}

static std::uint16_t announcePortOf(const registry::Location& location) {
  return location.announcePort ? location.announcePort : static_cast<std::uint16_t>(location.port + 1);
}

/// Hears what a registry says to all: that it has started.
class AnnouncementSource final : public Source {
 public:
  AnnouncementSource(const std::string& endpoint, std::function<void()> heard)
      : socket_(kRegistryClient, ZMQ_SUB, registrySocketOptions()), heard_(std::move(heard)) {
    const std::string topic = envelopePrefix(RediscoverReq::kType);
    socket_.set(ZMQ_SUBSCRIBE, topic.data(), topic.size());
    socket_.connectOnceFound(endpoint);
  }

  Socket& socket() override { return socket_; }
  bool hasMessage() override { return socket_.ready(); }
  void take() override {
    if (!socket_.tryReceive()) return;
    const std::string who = std::string(kRegistryClient) + ": " + socket_.endpoint();
    if (openEnvelope(who, socket_.onlyFrame().view()).type == RediscoverReq::kType) heard_();
  }

 private:
  Socket socket_;
  std::function<void()> heard_;
};

// --- Sharing ---

using LinkKey = std::vector<std::tuple<unsigned, std::string, std::uint16_t, std::uint16_t>>;

static LinkKey linkKeyOf(const std::vector<registry::Location>& registries) {
  LinkKey key;
  // With the generation: a forked child never finds its parent's.
  for (const auto& each : registries) key.emplace_back(forkGeneration(), each.host, each.port, announcePortOf(each));
  return key;
}

static std::map<LinkKey, std::weak_ptr<RegistryLink>>& registryLinks() {
  static NeverDestroyed<std::map<LinkKey, std::weak_ptr<RegistryLink>>> links;  // under processMutex()
  return *links;
}

static std::shared_ptr<RegistryLink> existingRegistryLink(const LinkKey& key) {
  auto& links = registryLinks();
  const auto found = links.find(key);
  return found == links.end() ? nullptr : found->second.lock();
}

static void requireLocations(const std::vector<registry::Location>& registries) {
  if (registries.empty()) throw Error(Errc::badEndpoint, "the list of registries is empty");
  for (const auto& each : registries) {
    if (announcePortOf(each) != 0) continue;
    throw Error(Errc::badEndpoint, "the registry at " + tcpEndpoint(each.host, each.port) + " needs an announcePort");
  }
}

/// Where nothing may be waited for, another thread waits for the link's.
static void endLink(RegistryLink* link) {
  if (!CallbackScope::isInside() && !link->isCurrent()) {
    delete link;
  } else {
    startThread("dividere-end", [link] { delete link; }).detach();
  }
}

/// Makes a link. Its errors name `who` asked for it.
static std::shared_ptr<RegistryLink> makeRegistryLink(const std::string& who,
                                                      const std::vector<registry::Location>& registries) {
  try {
    requireLocations(registries);
    return std::shared_ptr<RegistryLink>(new RegistryLink(registries), endLink);
  } catch (const Error& error) {
    throw Error(error.code(), who + ": " + error.context());
  }
}

std::shared_ptr<RegistryLink> RegistryLink::to(const std::string& who,
                                               const std::vector<registry::Location>& registries) {
  const LinkKey key = linkKeyOf(registries);
  {
    std::lock_guard<std::mutex> lock(processMutex());
    if (auto link = existingRegistryLink(key)) return link;
  }
  // Made without the lock, which making sockets needs: if another thread is faster, its link counts, and this one ends.
  auto made = makeRegistryLink(who, registries);
  std::lock_guard<std::mutex> lock(processMutex());
  if (auto link = existingRegistryLink(key)) return link;
  auto& links = registryLinks();
  for (auto it = links.begin(); it != links.end();) it = it->second.expired() ? links.erase(it) : std::next(it);
  links[key] = made;
  return made;
}

// --- Any thread ---

RegistryLink::RegistryLink(const std::vector<registry::Location>& registries) : locations_(registries) {
  Remote::Owner& owner = *this;
  for (const auto& each : registries) {
    auto remote = std::make_unique<Remote>(kRegistryClient, loop_, owner, tcpEndpoint(each.host, each.port),
                                           registrySocketOptions());
    remotes_.push_back(remote.get());
    loop_.add(std::move(remote));
  }
  loop_.start();
}

RegistryLink::~RegistryLink() { loop_.stop(); }

void RegistryLink::ask(std::string envelope, const Deadline& deadline, Questions::Replied replied) {
  loop_.post([this, envelope = std::move(envelope), deadline, replied = std::move(replied)] {
    questions_.ask(envelope, deadline, replied);
    run();
  });
}

void RegistryLink::begin(const std::shared_ptr<Registration>& registration) {
  loop_.post([this, registration] {
    listen();
    registrar_.begin(registration);
    run();
  });
}

void RegistryLink::end(const std::shared_ptr<Registration>& registration) {
  loop_.post([this, registration] { registrar_.end(registration); });
}

void RegistryLink::begin(const std::shared_ptr<Lookout>& lookout) {
  loop_.post([this, lookout] {
    lookouts_.begin(lookout);
    run();
  });
}

void RegistryLink::end(const std::shared_ptr<Lookout>& lookout) {
  loop_.post([this, lookout] { lookouts_.end(lookout); });
}

// --- The link's thread ---

void RegistryLink::listen() {
  if (listens_) return;
  listens_ = true;
  for (std::size_t i = 0; i < locations_.size(); ++i) {
    const auto heard = [this, i] {
      registrar_.registerAgain(i);
      run();
    };
    const std::string endpoint = tcpEndpoint(locations_[i].host, announcePortOf(locations_[i]));
    loop_.add(std::make_unique<AnnouncementSource>(endpoint, heard));
  }
}

std::size_t RegistryLink::indexOf(const Remote& remote) const {
  return static_cast<std::size_t>(std::find(remotes_.begin(), remotes_.end(), &remote) - remotes_.begin());
}

void RegistryLink::remoteChanged(Remote& remote) {
  const std::size_t index = indexOf(remote);
  questions_.changed(index);
  registrar_.changed(index);
  lookouts_.changed(index);
  run();
}

void RegistryLink::remoteReplied(Remote& remote, std::string_view id, Frame& reply) {
  const std::size_t index = indexOf(remote);
  if (!questions_.take(index, id, reply) && !registrar_.take(index, id, reply)) lookouts_.take(index, id, reply);
  run();
}

void RegistryLink::run() {
  const auto now = Deadline::Clock::now();
  alarm_.set(std::min({questions_.run(now), registrar_.run(now), lookouts_.run(now)}));
}

}  // namespace dividere::detail
