#include "subscriber.hpp"

#include "../core/detail/text.hpp"
#include "../core/error.hpp"
#include "detail/envelope_format.hpp"
#include "detail/message_types.hpp"

namespace dividere::detail {

static std::string topicOf(const std::string& type) {
  if (isTypeName(type)) return envelopePrefix(type);
  throw Error(std::make_error_code(std::errc::invalid_argument),
              "messaging::Subscriber: subscribe to '" + shown(type) + "': no message type has such a name");
}

static std::vector<std::string> topicsOf(const std::vector<std::string>& types) {
  std::vector<std::string> topics;
  for (const std::string& type : types) topics.push_back(topicOf(type));
  return topics;
}

}  // namespace dividere::detail

namespace dividere::messaging {

Subscriber::Subscriber(const std::string& endpoint, const std::vector<std::string>& types,
                       const connection::SocketOptions& options)
    : Consumer(connection::Subscriber(endpoint, detail::topicsOf(types), options)) {}

Subscriber::Subscriber(const std::string& endpoint, std::initializer_list<std::string> types,
                       const connection::SocketOptions& options)
    : Subscriber(endpoint, std::vector<std::string>(types), options) {}

void Subscriber::subscribe(const std::string& fullName) { connection_.subscribe(detail::topicOf(fullName)); }

void Subscriber::unsubscribe(const std::string& fullName) { connection_.unsubscribe(topicId(fullName)); }

std::string Subscriber::topicId(std::string_view fullName) { return detail::envelopePrefix(fullName); }

}  // namespace dividere::messaging
