// SPDX-License-Identifier: MIT

#include "feed.hpp"

#include <poll.h>

#include <algorithm>
#include <dividere/messaging/detail/describe_topic.hpp>
#include <dividere/registry/detail/own_address.hpp>

namespace tool {

using dividere::registry::ServiceAddress;

bool isEndpoint(const std::string& source) { return source.find("://") != std::string::npos; }

std::string endpointOf(const ServiceAddress& address) {
  return dividere::detail::tcpEndpoint(address.server, address.port);
}

std::vector<ServiceAddress> lookUp(const Common& common, const std::string& source) {
  dividere::registry::Client registry(common.registries());
  auto found = registry.instances(source, common.timeout());
  if (found.empty()) throw std::runtime_error("nothing is registered as " + source);
  return found;
}

/// The last part of a packaged name, as Python publishers write it.
static std::string lastPart(const std::string& type) { return type.substr(type.rfind('.') + 1); }

static std::vector<std::string> subscriptionsTo(const std::vector<std::string>& types,
                                                const std::vector<std::string>& topic) {
  std::vector<std::string> subscriptions;
  for (const auto& type : types) {
    subscriptions.push_back(subscription(type, topic));
    if (topic.empty() && lastPart(type) != type) subscriptions.push_back(subscription(lastPart(type), {}));
  }
  if (subscriptions.empty()) subscriptions.push_back(subscription("", {}));
  return subscriptions;
}

Feed::Feed(const Common& common, const std::string& source, const std::vector<std::string>& types,
           const std::vector<std::string>& topic, bool looksHowOld)
    : types_(types), topic_(topic), subscriptions_(subscriptionsTo(types, topic)) {
  if (looksHowOld) subscriptions_.push_back(dividere::detail::stampTopic());
  if (isEndpoint(source)) {
    connect("", source, "");
    return;
  }
  const dividere::registry::Client registry(common.registries());
  watch_ = registry.watch(source, [this](const ServiceAddress& address, bool isThere) {
    if (!address.kind.empty() && address.kind != "publisher") return;
    const std::lock_guard<std::mutex> lock(mutex_);
    changes_.push_back({address.name, endpointOf(address), address.key, isThere});
    changed_.raise();
  });
}

void Feed::connect(const std::string& name, const std::string& endpoint, const std::string& key) {
  auto source = sources_.find(endpoint);
  if (source == sources_.end()) {
    dividere::connection::SocketOptions options;
    options.hostKey = key;
    dividere::connection::Subscriber subscriber(endpoint, subscriptions_, options);
    source = sources_.emplace(endpoint, Source{std::move(subscriber), key, {}}).first;
  }
  source->second.names.insert(name);
}

void Feed::disconnect(const std::string& name, const std::string& endpoint) {
  const auto source = sources_.find(endpoint);
  if (source == sources_.end()) return;
  source->second.names.erase(name);
  if (source->second.names.empty()) sources_.erase(source);
}

void Feed::takeChanges() {
  changed_.reset();
  std::vector<Change> changes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    changes.swap(changes_);
  }
  for (const auto& change : changes) {
    if (change.isThere) {
      connect(change.name, change.endpoint, change.key);
    } else {
      disconnect(change.name, change.endpoint);
    }
  }
}

/// A subscription to all types comes without the topic, and a short name matches those of other packages.
bool Feed::isWanted(const Envelope& message) const {
  if (message.isForOthers) return false;
  const auto& topic = message.topic;
  if (topic.size() < topic_.size() || !std::equal(topic_.begin(), topic_.end(), topic.begin())) return false;
  return types_.empty() || std::any_of(types_.begin(), types_.end(), [&](const std::string& type) {
           return type == message.type || lastPart(message.type) == type;
         });
}

std::optional<Feed::Item> Feed::takeOne() {
  auto from = sources_.upper_bound(last_);
  for (std::size_t i = 0; i < sources_.size(); ++i, ++from) {
    if (from == sources_.end()) from = sources_.begin();
    while (auto bytes = from->second.subscriber.recv(std::chrono::milliseconds(0))) {
      const auto came = std::chrono::system_clock::now();
      auto message = openEnvelope(*bytes);
      if (!message) {
        ++strange_;
        continue;
      }
      if (!isWanted(*message)) continue;
      last_ = from->first;
      return Item{std::move(*message), bytes->size(), from->first, from->second.key, came};
    }
  }
  return std::nullopt;
}

void Feed::wait(std::chrono::milliseconds timeout) {
  std::vector<pollfd> waited{{ended().descriptor(), POLLIN, 0}, {changed_.descriptor(), POLLIN, 0}};
  waited.reserve(sources_.size() + 2);
  for (auto& source : sources_) waited.push_back({source.second.subscriber.descriptor(), POLLIN, 0});
  ::poll(waited.data(), waited.size(), static_cast<int>(std::min<std::int64_t>(timeout.count(), 1 << 30)));
}

std::optional<Feed::Item> Feed::next(std::chrono::milliseconds timeout) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::min(timeout, std::chrono::milliseconds(std::chrono::hours(24 * 365)));
  for (;;) {
    if (ended().isRaised()) return std::nullopt;
    takeChanges();
    if (auto item = takeOne()) return item;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    if (left.count() <= 0) return std::nullopt;
    wait(left);
  }
}

}  // namespace tool
