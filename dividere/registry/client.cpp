#include "client.hpp"

#include <utility>

#include "../core/detail/fork.hpp"
#include "../core/detail/options.hpp"
#include "../core/detail/text.hpp"
#include "../messaging/detail/error_envelope.hpp"
#include "detail/describe_round.hpp"
#include "detail/entry_rules.hpp"
#include "detail/listing.hpp"
#include "detail/own_address.hpp"
#include "detail/registry_link.hpp"

namespace dividere::detail {

/// Where the link's thread leaves a reply for who asked.
struct RegistryReply {
  Latch latch;
  Questions::Outcome outcome = Questions::Outcome::noneInTime;  // before the latch opens
  std::string envelope;
};

static std::string namesOfRegistries(const std::vector<registry::Location>& registries) {
  std::string names;
  for (const auto& each : registries) names += (names.empty() ? "" : ", ") + tcpEndpoint(each.host, each.port);
  return names;
}

/// What is asked, as errors begin. Throws std::errc::invalid_argument for a name that no service has: one that is too long
/// would cost everybody in the process the connection.
static std::string nameInQuestion(std::string_view verb, std::string_view name) {
  std::string what = std::string(verb) + " '" + shown(name) + "'";
  requireServiceName("registry::Client: " + what, name);
  return what;
}

static bool tellsOfOne(const ServiceLookupRep& reply) {
  return faultInPort(reply.port).empty() && faultInHost(reply.server).empty();
}

/// Puts the instances of a reply to a look-up of this name behind `all`.
static void append(const ServiceLookupRep& reply, const std::string& name, std::vector<registry::ServiceAddress>& all) {
  for (const ServiceInstance& each : reply.instances) {
    if (auto address = addressOf(each, name)) all.push_back(std::move(*address));
  }
  // A registry that tells of one only.
  if (reply.isListed || !reply.instances.empty()) return;
  if (auto address = addressOf({reply.server, reply.port}, name)) all.push_back(std::move(*address));
}

}  // namespace dividere::detail

namespace dividere::registry {

Client::Client(const std::string& host, std::uint16_t port, const ClientOptions& options)
    : Client(std::vector<Location>{{host, port}}, options) {}

Client::Client(std::initializer_list<Location> registries, const ClientOptions& options)
    : Client(std::vector<Location>(registries), options) {}

Client::Client(const std::vector<Location>& registries, const ClientOptions& options)
    : link_(detail::RegistryLink::to("registry::Client", registries)),
      options_(options),
      where_(detail::namesOfRegistries(registries)) {
  if (options_.advertise.empty()) options_.advertise = detail::ownAddress();
  detail::requireHost("registry::Client", "advertise", options_.advertise);
}

Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

void Client::registerService(const std::string& name, std::uint16_t port) {
  registerService(name, port, options_.timeout);
}

void Client::registerService(const std::string& name, std::uint16_t port, Timeout timeout) {
  return registerBy(detail::Deadline::in(timeout), name, port);
}

void Client::registerService(const std::string& name, std::uint16_t port, Timeout timeout, const Interrupt& interrupt) {
  return registerBy(detail::Deadline::in(&timeout, &interrupt), name, port);
}

void Client::registerBy(const detail::Deadline& deadline, const std::string& name, std::uint16_t port) {
  detail::RegisterService request;
  request.name = name;
  request.server = options_.advertise;
  request.port = port;
  request.instance = true;
  const std::string what = detail::nameInQuestion("register", name);
  detail::Ack reply;
  reply.decode(ask(what, request.kType, request.encode(), reply.kType, deadline));
  if (!reply.ok) {
    throw Error(std::make_error_code(std::errc::invalid_argument),
                "registry::Client: " + what + " at " + request.server + ":" + std::to_string(port) +
                    (reply.reason.empty() ? "" : ": the registry says: " + detail::shown(reply.reason)));
  }
}

void Client::unregisterService(const std::string& name, std::uint16_t port) {
  unregisterService(name, port, options_.timeout);
}

void Client::unregisterService(const std::string& name, std::uint16_t port, Timeout timeout) {
  return unregisterBy(detail::Deadline::in(timeout), name, port);
}

void Client::unregisterService(const std::string& name, std::uint16_t port, Timeout timeout,
                               const Interrupt& interrupt) {
  return unregisterBy(detail::Deadline::in(&timeout, &interrupt), name, port);
}

void Client::unregisterBy(const detail::Deadline& deadline, const std::string& name, std::uint16_t port) {
  detail::UnregisterService request;
  request.name = name;
  request.server = options_.advertise;
  request.port = port;
  ask(detail::nameInQuestion("unregister", name), request.kType, request.encode(), detail::Ack::kType, deadline);
}

std::optional<ServiceAddress> Client::lookupService(const std::string& name) {
  return lookupService(name, options_.timeout);
}

std::optional<ServiceAddress> Client::lookupService(const std::string& name, Timeout timeout) {
  return lookupBy(detail::Deadline::in(timeout), name);
}

std::optional<ServiceAddress> Client::lookupService(const std::string& name, Timeout timeout,
                                                    const Interrupt& interrupt) {
  return lookupBy(detail::Deadline::in(&timeout, &interrupt), name);
}

std::optional<ServiceAddress> Client::lookupBy(const detail::Deadline& deadline, const std::string& name) {
  detail::ServiceLookupReq request;
  request.name = name;
  detail::ServiceLookupRep reply;
  reply.decode(ask(detail::nameInQuestion("look up", name), request.kType, request.encode(), reply.kType, deadline));
  if (!detail::tellsOfOne(reply)) return std::nullopt;
  return ServiceAddress{name, reply.server, static_cast<std::uint16_t>(reply.port), {}};
}

std::vector<ServiceAddress> Client::instances(const std::string& pattern) {
  return instances(pattern, options_.timeout);
}

std::vector<ServiceAddress> Client::instances(const std::string& pattern, Timeout timeout) {
  return instancesBy(detail::Deadline::in(timeout), pattern);
}

std::vector<ServiceAddress> Client::instances(const std::string& pattern, Timeout timeout, const Interrupt& interrupt) {
  return instancesBy(detail::Deadline::in(&timeout, &interrupt), pattern);
}

std::vector<ServiceAddress> Client::instancesBy(const detail::Deadline& deadline, const std::string& pattern) {
  const std::string what = detail::nameInQuestion("instances", pattern);
  detail::ServiceLookupReq request;
  request.name = request.pattern = pattern;
  request.all = true;
  std::vector<ServiceAddress> all;
  for (;;) {
    detail::ServiceLookupRep reply;
    reply.decode(ask(what, request.kType, request.encode(), reply.kType, deadline));
    if (!reply.isListed && pattern.back() == '*') {
      throw Error(std::make_error_code(std::errc::not_supported),
                  "registry::Client: " + what + ": " + where_ + ": this registry knows exact names only");
    }
    detail::append(reply, pattern, all);
    if (!reply.more) return all;
    request.after = detail::lastListed("registry::Client: " + what + ": " + where_, reply, request.after, all.size());
  }
}

std::vector<Described> Client::describe(const std::string& pattern) { return describe(pattern, options_.timeout); }

std::vector<Described> Client::describe(const std::string& pattern, Timeout timeout) {
  const auto deadline = detail::Deadline::in(timeout);
  return detail::DescribeRound(instancesBy(deadline, pattern), deadline).run();
}

Watch Client::watch(const std::string& pattern, std::function<void(const ServiceAddress&, bool)> function) const {
  const std::string who = "registry::Client: " + detail::nameInQuestion("watch", pattern);
  if (!link_) throw Error(Errc::movedFrom, who);
  link_->requireOwnProcess(who);
  detail::requireOption(static_cast<bool>(function), who.c_str(), "the function must not be empty");
  return Watch(link_, pattern, std::move(function));
}

std::string Client::ask(const std::string& what, std::string_view type, const std::string& request,
                        std::string_view replyType, const detail::Deadline& deadline) const {
  const std::string who = "registry::Client: " + what;
  if (!link_) throw Error(Errc::movedFrom, who);
  link_->requireOwnProcess(who);
  const auto reply = std::make_shared<detail::RegistryReply>();
  // Without its Interrupt, which may go before this question does.
  link_->ask(detail::sealEnvelope(type, request), deadline.unless(nullptr),
             [reply](detail::Questions::Outcome outcome, detail::Frame* envelope) {
               reply->outcome = outcome;
               if (envelope) reply->envelope = envelope->str();
               reply->latch.open();
             });
  using Outcome = detail::Questions::Outcome;
  const Outcome outcome = reply->latch.wait(deadline) ? reply->outcome : Outcome::noneInTime;
  if (outcome == Outcome::refused)
    throw Error(Errc::unauthorized, who + ": " + where_ + ": " + detail::kRegistryRefuses);
  if (outcome == Outcome::noneInTime) throw Error(Errc::noRegistry, who + ": " + where_);
  detail::throwIfErrorEnvelope(who, reply->envelope);
  const detail::Envelope envelope = detail::openEnvelope(who, reply->envelope);
  if (envelope.type != replyType) {
    throw Error(Errc::wrongType, who + ": the reply is a '" + detail::shown(envelope.type) + "'");
  }
  return std::string(envelope.payload);
}

}  // namespace dividere::registry
