#include "subscriber.hpp"

#include "detail/envelope_format.hpp"

namespace dividere::detail {

static std::vector<std::string> topicIds(const std::vector<std::string>& types) {
  std::vector<std::string> topics;
  for (const std::string& type : types) topics.push_back(envelopePrefix(type));
  return topics;
}

}  // namespace dividere::detail

namespace dividere::messaging {

Subscriber::Subscriber(const std::string& endpoint, const std::vector<std::string>& types,
                       const connection::SocketOptions& options)
    : Consumer(connection::Subscriber(endpoint, detail::topicIds(types), options)) {}

Subscriber::Subscriber(const std::string& endpoint, std::initializer_list<std::string> types,
                       const connection::SocketOptions& options)
    : Subscriber(endpoint, std::vector<std::string>(types), options) {}

std::string Subscriber::topicId(std::string_view fullName) { return detail::envelopePrefix(fullName); }

}  // namespace dividere::messaging
