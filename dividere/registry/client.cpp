#include "client.hpp"

#include "../core/detail/fork.hpp"
#include "../core/detail/text.hpp"
#include "../messaging/detail/error_envelope.hpp"
#include "detail/own_address.hpp"
#include "detail/registry_link.hpp"

namespace dividere::detail {

/// Where the link's thread leaves an answer for who asked.
struct RegistryAnswer {
  Latch latch;
  bool came = false;  // before the latch opens
  std::string envelope;
};

std::string namesOfRegistries(const std::vector<registry::Location>& registries) {
  std::string names;
  for (const auto& each : registries) names += (names.empty() ? "" : ", ") + tcpEndpoint(each.host, each.port);
  return names;
}

}  // namespace dividere::detail

namespace dividere::registry {

Client::Client(const std::string& host, std::uint16_t port, const ClientOptions& options)
    : Client(std::vector<Location>{{host, port}}, options) {}

Client::Client(std::initializer_list<Location> registries, const ClientOptions& options)
    : Client(std::vector<Location>(registries), options) {}

Client::Client(const std::vector<Location>& registries, const ClientOptions& options)
    : link_(detail::RegistryLink::to(registries)), options_(options), where_(detail::namesOfRegistries(registries)) {
  if (options_.advertise.empty()) options_.advertise = detail::ownAddress();
}

Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

void Client::registerService(const std::string& name, std::uint16_t port) {
  registerService(name, port, options_.timeout);
}

void Client::registerService(const std::string& name, std::uint16_t port, std::chrono::milliseconds timeout) {
  detail::RegisterService request;
  request.name = name;
  request.server = options_.advertise;
  request.port = port;
  request.instance = true;
  const std::string what = "register '" + name + "'";
  detail::Ack reply;
  reply.decode(ask(what, request.kType, request.encode(), reply.kType, timeout));
  if (!reply.ok) {
    throw Error(std::make_error_code(std::errc::invalid_argument),
                "registry::Client: " + what + " at " + request.server + ":" + std::to_string(port));
  }
}

void Client::unregisterService(const std::string& name, std::uint16_t port) {
  unregisterService(name, port, options_.timeout);
}

void Client::unregisterService(const std::string& name, std::uint16_t port, std::chrono::milliseconds timeout) {
  detail::UnregisterService request;
  request.name = name;
  request.server = options_.advertise;
  request.port = port;
  ask("unregister '" + name + "'", request.kType, request.encode(), detail::Ack::kType, timeout);
}

std::optional<ServiceAddress> Client::lookupService(const std::string& name) {
  return lookupService(name, options_.timeout);
}

std::optional<ServiceAddress> Client::lookupService(const std::string& name, std::chrono::milliseconds timeout) {
  detail::ServiceLookupReq request;
  request.name = name;
  detail::ServiceLookupRep reply;
  reply.decode(ask("look up '" + name + "'", request.kType, request.encode(), reply.kType, timeout));
  if (reply.port == 0 || reply.server == reply.kUnavailable) return std::nullopt;
  return ServiceAddress{name, reply.server, static_cast<std::uint16_t>(reply.port)};
}

std::string Client::ask(const std::string& what, std::string_view type, const std::string& request,
                        std::string_view replyType, std::chrono::milliseconds timeout) const {
  const std::string who = "registry::Client: " + what;
  if (!link_) throw Error(Errc::movedFrom, who);
  link_->requireOwnProcess(who);
  const auto deadline = detail::Deadline::in(timeout);
  const auto answer = std::make_shared<detail::RegistryAnswer>();
  link_->ask(detail::sealEnvelope(type, request), deadline, [answer](detail::Frame* envelope) {
    answer->came = envelope != nullptr;
    if (envelope) answer->envelope = envelope->str();
    answer->latch.open();
  });
  if (!answer->latch.wait(deadline) || !answer->came) throw Error(Errc::noRegistry, who + ": " + where_);
  detail::throwIfErrorEnvelope(who, answer->envelope);
  const detail::Envelope envelope = detail::openEnvelope(who, answer->envelope);
  if (envelope.type != replyType) {
    throw Error(Errc::wrongType, who + ": the answer is a '" + detail::shown(envelope.type) + "'");
  }
  return std::string(envelope.payload);
}

}  // namespace dividere::registry
