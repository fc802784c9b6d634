#include "subscriber.hpp"

#include "../connection/detail/access.hpp"
#include "../core/detail/text.hpp"
#include "detail/entry_rules.hpp"
#include "detail/found_publishers.hpp"

namespace dividere::detail {

static std::shared_ptr<Destinations> publishersOf(const std::string& name,
                                                  const std::vector<registry::Location>& registries) {
  const std::string who = "registry::Subscriber '" + shown(name) + "'";
  requireServiceName(who, name);
  return FoundPublishers::of(who, name, registries);
}

}  // namespace dividere::detail

namespace dividere::registry {

Subscriber::Subscriber(const std::string& name, const std::vector<std::string>& types,
                       const messaging::SubscriberOptions& options, const std::vector<Location>& registries,
                       const messaging::Topic& topic)
    : messaging::Subscriber(name, types, topic, options, detail::publishersOf(name, registries)) {}

bool Subscriber::awaitPublishers(std::size_t count, Timeout timeout, const Interrupt* interrupt) {
  detail::Socket& socket = detail::Access::socketOf(connection_);
  const auto deadline = detail::Deadline::in(&timeout, interrupt);
  const detail::Newest* const newest = detail::Access::newestOf(connection_);
  return newest && newest->isDrained() ? socket.awaitUpElsewhere(count, deadline) : socket.awaitUp(count, deadline);
}

}  // namespace dividere::registry
