#include "registry_source.hpp"

#include "../../core/detail/text.hpp"

namespace dividere::detail {

// At most one round of replies to those who wait for changes in this time, however much changes.
constexpr std::chrono::milliseconds kBetweenRounds{20};

RegistrySource::RegistrySource(ReactorLoop& loop, std::atomic<std::size_t>& entries, const std::string& endpoint,
                               const connection::SocketOptions& options, const DirectoryLimits& limits,
                               HandlerTable& handlers)
    : RouterSource("registry::Server", options, handlers),
      directory_(limits),
      served_(directory_.changes().revision()),
      serving_(loop, [this] { serveParked(); }),
      entries_(entries) {
  socket().bind(endpoint);
}

void RegistrySource::take() {
  const Frame& frame = receive();
  if (takeQuestion(route(), frame)) return;
  const std::string asker = frame.peerAddress();
  const Envelope envelope = openEnvelope(socket().who(), frame.view());
  if (handles<RegisterService>(envelope, asker) || handles<UnregisterService>(envelope, asker) ||
      handles<ServiceLookupReq>(envelope, asker)) {
    noteChanges();
  } else {
    dispatch(frame);  // has no handler for it, and says so
  }
}

/// Its methods are not handlers.
void RegistrySource::addTo(Description& description, TypeBook&) {
  const auto add = [&](std::string_view request, std::string_view reply) {
    description.methods.push_back({{}, std::string(request), std::string(reply)});
  };
  add(RegisterService::kType, Ack::kType);
  add(UnregisterService::kType, Ack::kType);
  add(ServiceLookupReq::kType, ServiceLookupRep::kType);
  description.statistics.push_back({"entries", directory_.size(), {}});
}

void RegistrySource::expire() {
  directory_.expire(Deadline::Clock::now());
  noteChanges();
  serveParked();
}

void RegistrySource::noteChanges() {
  entries_ = directory_.size();
  const bool isNews = directory_.changes().revision() != served_;
  if (isNews && !parked_.isEmpty()) serving_.set(std::max(Deadline::Clock::now(), lastServed_ + kBetweenRounds));
}

void RegistrySource::serveParked() {
  lastServed_ = Deadline::Clock::now();
  served_ = directory_.changes().revision();
  parked_.serve(directory_, lastServed_, [this](const connection::Route& route, const ServiceLookupRep& reply) {
    Frame frame{std::string_view(sealEnvelope(reply.kType, reply.encode()))};
    sendTo(route, frame);
  });
}

template <class Request>
bool RegistrySource::handles(const Envelope& envelope, std::string_view asker) {
  if (envelope.type != Request::kType) return false;
  Request request;
  if (!request.decode(envelope.payload)) {
    throw Error(Errc::malformed, socket().who() + ": " + std::string(Request::kType));
  }
  const std::optional made = replyTo(request, asker);
  entries_ = directory_.size();  // before the reply, behind which it may be asked for
  if (made) {
    Frame frame{std::string_view(sealEnvelope(made->kType, made->encode()))};
    reply(frame);
  }
  return true;
}

std::string RegistrySource::faultInRegistrant(const std::string& name) {
  const Gate* const gate = socket().gate();
  if (!gate) return {};
  const std::string who = peer().name.empty() ? "its key" : "the key of " + shown(peer().name);
  try {
    const CallbackScope scope;
    for (const std::string& group : {name, std::string("register")}) {
      if (gate->keys()->nameOf(peer().key, group)) return {};
    }
  } catch (const std::exception& error) {
    return who + ": " + error.what();
  }
  return who + " is not in authorized." + shown(name) + " of the registry, nor in authorized.register";
}

std::optional<Ack> RegistrySource::replyTo(const RegisterService& request, std::string_view asker) {
  std::string fault = faultInRegistrant(request.name);
  RegisterService vouched = request;
  if (socket().gate()) vouched.traits.publicKey = peer().key;  // which it has proved; not what it says
  if (fault.empty()) fault = directory_.add(vouched, asker, Deadline::Clock::now());
  if (!fault.empty()) {
    refusals_.log(LogLevel::warning, "registry::Server",
                  "refused to register '" + shown(request.name) + "' at " + shown(request.server) + ":" +
                      std::to_string(request.port) + ", asked by " + std::string(asker) + ": " + fault);
  }
  return Ack{fault.empty(), true, std::move(fault)};
}

std::optional<Ack> RegistrySource::replyTo(const UnregisterService& request, std::string_view) {
  std::string fault = faultInRegistrant(request.name);
  if (!fault.empty()) return Ack{false, true, std::move(fault)};
  return Ack{directory_.remove(request), true, {}};
}

/// Nothing if the reply waits for a change.
std::optional<ServiceLookupRep> RegistrySource::replyTo(const ServiceLookupReq& request, std::string_view asker) {
  const auto now = Deadline::Clock::now();
  if (request.pattern.empty() || request.since == 0) return directory_.find(request, now);
  ServiceLookupRep reply = directory_.changesFor(request, now);
  ServiceLookupReq rest = request;
  rest.since = reply.revision;
  const bool waits = reply.changes && reply.instances.empty() && request.waitMs > 0;
  if (waits && parked_.add(route(), rest, asker, now)) return std::nullopt;
  return reply;
}

}  // namespace dividere::detail
