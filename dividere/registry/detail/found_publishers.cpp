#include "found_publishers.hpp"

#include <iterator>

#include "../../connection/detail/host_names.hpp"
#include "../../core/detail/random.hpp"
#include "own_address.hpp"

namespace dividere::detail {

// A registry may list any number, some of which nobody has started; each costs a connection.
constexpr std::size_t kMostPublishers = 256;

/// The watch's thread has the publishers, too: where it is not waited for, it may outlive the socket.
struct FollowedPublishers {
  std::shared_ptr<FoundPublishers> publishers;
  Watching watching;
};

std::shared_ptr<Destinations> FoundPublishers::of(const std::string& who, const std::string& name,
                                                  const std::vector<registry::Location>& registries) {
  const auto publishers = std::make_shared<FoundPublishers>(who);
  const auto tell = [publishers](const registry::ServiceAddress& address, bool isThere) {
    publishers->tell(address, isThere);
  };
  const std::shared_ptr<FollowedPublishers> followed(
      new FollowedPublishers{publishers, {who, RegistryLink::to(who, registries), name, tell}});
  return {followed, publishers.get()};
}

static bool mayPublish(const registry::ServiceAddress& address) {
  return address.kind.empty() || address.kind == "publisher";
}

static std::string endpointOf(const registry::ServiceAddress& address) {
  return tcpEndpoint(address.server, address.port);
}

void FoundPublishers::tell(const registry::ServiceAddress& address, bool isThere) {
  std::lock_guard<std::recursive_mutex> lock(mutex_);
  const std::string endpoint = endpointOf(address);
  const bool isWanted = isThere && mayPublish(address);
  if (isWanted) {
    if (places_.insert(placeOf(address)).second && ++counts_[endpoint] == 1) use(address);
  } else if (places_.erase(placeOf(address)) > 0 && --counts_[endpoint] == 0) {
    counts_.erase(endpoint);
    dismiss(endpoint);
  }
}

void FoundPublishers::use(const registry::ServiceAddress& address) {
  const std::string endpoint = endpointOf(address);
  if (used_.size() >= kMostPublishers) {
    waiting_.emplace(endpoint, address);
    return;
  }
  const auto wanted = std::make_shared<const bool>(true);
  used_[endpoint] = wanted;
  whenHostIsFound(who_, address.server, wanted,
                  [weak = weak_from_this(), endpoint, name = address.key.empty() ? address.name : address.key] {
                    if (const auto self = weak.lock()) self->hostIsFound(endpoint, name);
                  });
}

void FoundPublishers::hostIsFound(const std::string& endpoint, const std::string& name) {
  std::lock_guard<std::recursive_mutex> lock(mutex_);
  if (used_.count(endpoint) > 0) add(endpoint, name);
}

/// By chance, another one takes its place.
void FoundPublishers::dismiss(const std::string& endpoint) {
  if (waiting_.erase(endpoint) > 0) return;
  used_.erase(endpoint);
  remove(endpoint);
  if (waiting_.empty()) return;
  const auto next = std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(randomNumber() % waiting_.size()));
  const registry::ServiceAddress address = next->second;
  waiting_.erase(next);
  use(address);
}

}  // namespace dividere::detail
