#include "registry_source.hpp"

#include "../../core/detail/text.hpp"

namespace dividere::detail {

RegistrySource::RegistrySource(std::atomic<std::size_t>& entries, const std::string& endpoint,
                               const connection::SocketOptions& options, const DirectoryLimits& limits,
                               HandlerTable& handlers)
    : RouterSource("registry::Server", options, handlers), directory_(limits), entries_(entries) {
  socket().bind(endpoint);
}

void RegistrySource::take() {
  const Frame& frame = receive();
  const std::string asker = frame.peerAddress();
  const Envelope envelope = openEnvelope(socket().who(), frame.view());
  if (handles<RegisterService>(envelope, asker) || handles<UnregisterService>(envelope, asker) ||
      handles<ServiceLookupReq>(envelope, asker)) {
    entries_ = directory_.size();
  } else {
    dispatch(frame);  // has no handler for it, and says so
  }
}

void RegistrySource::expire() {
  directory_.expire(Deadline::Clock::now());
  entries_ = directory_.size();
}

template <class Request>
bool RegistrySource::handles(const Envelope& envelope, std::string_view asker) {
  if (envelope.type != Request::kType) return false;
  Request request;
  if (!request.decode(envelope.payload)) {
    throw Error(Errc::malformed, socket().who() + ": " + std::string(Request::kType));
  }
  const auto made = replyTo(request, asker);
  Frame frame{std::string_view(sealEnvelope(made.kType, made.encode()))};
  reply(frame);
  return true;
}

Ack RegistrySource::replyTo(const RegisterService& request, std::string_view asker) {
  std::string fault = directory_.add(request, asker, Deadline::Clock::now());
  if (!fault.empty()) {
    refusals_.log(LogLevel::warning, "registry::Server",
                  "refused to register '" + shown(request.name) + "' at " + shown(request.server) + ":" +
                      std::to_string(request.port) + ", asked by " + std::string(asker) + ": " + fault);
  }
  return {fault.empty(), true, std::move(fault)};
}

Ack RegistrySource::replyTo(const UnregisterService& request, std::string_view) {
  return {directory_.remove(request), true, {}};
}

ServiceLookupRep RegistrySource::replyTo(const ServiceLookupReq& request, std::string_view) {
  return directory_.find(request, Deadline::Clock::now());
}

}  // namespace dividere::detail
