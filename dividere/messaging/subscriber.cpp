#include "subscriber.hpp"

#include "../connection/detail/access.hpp"
#include "../core/detail/text.hpp"
#include "../core/error.hpp"
#include "detail/arrivals.hpp"
#include "detail/envelope_format.hpp"
#include "detail/message_types.hpp"

namespace dividere::detail {

static std::string topicOf(const std::string& type) {
  if (isTypeName(type)) return envelopePrefix(type);
  throw Error(std::make_error_code(std::errc::invalid_argument),
              "messaging::Subscriber: subscribe to '" + shown(type) + "': no message type has such a name");
}

/// What the socket subscribes to: of each type this topic, and what is below it.
static std::vector<std::string> subscriptionsTo(const std::vector<std::string>& types, const messaging::Topic& topic) {
  const std::string fields = topicFields("messaging::Subscriber", topic);
  std::vector<std::string> subscriptions;
  subscriptions.reserve(types.size());
  for (const std::string& type : types) subscriptions.push_back(topicOf(type) + fields);
  if (types.empty()) subscriptions.emplace_back(kEveryEnvelope);
  return subscriptions;
}

static messaging::SubscriberOptions withSocket(const connection::SocketOptions& socket) {
  messaging::SubscriberOptions options;
  options.socket = socket;
  return options;
}

static Arrivals& arrivalsOf(const connection::Subscriber& subscriber) {
  return static_cast<Arrivals&>(*Access::intakeOf(subscriber));
}

}  // namespace dividere::detail

namespace dividere::messaging {

Subscriber::Subscriber(const std::string& endpoint, const std::vector<std::string>& types,
                       const connection::SocketOptions& options)
    : Subscriber(endpoint, types, Topic(), detail::withSocket(options)) {}

Subscriber::Subscriber(const std::string& endpoint, const std::vector<std::string>& types,
                       const SubscriberOptions& options)
    : Subscriber(endpoint, types, Topic(), options) {}

Subscriber::Subscriber(const std::string& endpoint, const std::vector<std::string>& types, const Topic& topic,
                       const SubscriberOptions& options)
    : Subscriber(endpoint, types, topic, options, nullptr) {}

Subscriber::Subscriber(const std::string& endpoint, const std::vector<std::string>& types, const Topic& topic,
                       const SubscriberOptions& options, std::shared_ptr<detail::Destinations> destinations)
    : Consumer(detail::Access::makeSubscriber(endpoint, detail::subscriptionsTo(types, topic), options.socket,
                                              detail::kAddress, std::move(destinations))) {
  auto arrivals = std::make_unique<detail::Arrivals>(detail::Access::socketOf(connection_),
                                                     detail::Access::addressOf(connection_), topic, options);
  for (const std::string& subscription : detail::subscriptionsTo(types, topic)) arrivals->subscribed(subscription);
  detail::Access::setIntake(connection_, std::move(arrivals));
  if (options.latest) detail::Access::keepNewest(connection_);
}

Subscriber::Subscriber(const std::string& endpoint, std::initializer_list<std::string> types,
                       const connection::SocketOptions& options)
    : Subscriber(endpoint, std::vector<std::string>(types), options) {}

void Subscriber::subscribe(const std::string& fullName) {
  detail::Arrivals& arrivals = detail::arrivalsOf(connection_);
  const std::string subscription = detail::topicOf(fullName) + arrivals.topicFields();
  connection_.subscribe(subscription);
  detail::Access::exclude(connection_, [&] { arrivals.subscribed(subscription); });
}

void Subscriber::unsubscribe(const std::string& fullName) {
  detail::Arrivals& arrivals = detail::arrivalsOf(connection_);
  const std::string subscription = topicId(fullName) + arrivals.topicFields();
  connection_.unsubscribe(subscription);
  detail::Access::exclude(connection_, [&] { arrivals.unsubscribed(subscription); });
}

std::uint64_t Subscriber::received() const { return detail::arrivalsOf(connection_).received(); }

std::uint64_t Subscriber::missed() const { return detail::arrivalsOf(connection_).missed(); }

std::uint64_t Subscriber::skipped() const { return detail::arrivalsOf(connection_).skipped(); }

std::optional<std::chrono::nanoseconds> Subscriber::age() const { return detail::arrivalsOf(connection_).age(); }

const Topic& Subscriber::topic() const { return detail::arrivalsOf(connection_).topic(); }

std::string Subscriber::topicId(std::string_view fullName) { return detail::envelopePrefix(fullName); }

}  // namespace dividere::messaging
