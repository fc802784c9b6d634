#pragma once

// The socket at which a registry is asked.

#include <atomic>
#include <string>

#include "../../core/detail/log_line.hpp"
#include "../../messaging/detail/envelope_format.hpp"
#include "../../reactor/detail/router_source.hpp"
#include "directory.hpp"

namespace dividere::detail {

/// Replies to requests out of a directory of its own.
///
/// Made in any thread, then the loop's.
class RegistrySource final : public RouterSource {
 public:
  /// `entries` always has how many entries there are; `handlers` are for all other requests. Both outlive it. Throws Error
  /// if the endpoint cannot be bound to.
  RegistrySource(std::atomic<std::size_t>& entries, const std::string& endpoint,
                 const connection::SocketOptions& options, const DirectoryLimits& limits, HandlerTable& handlers);

  void take() override;

  /// Forgets what was not renewed in time.
  void expire();

 private:
  template <class Request>
  bool handles(const Envelope& envelope, std::string_view asker);

  Ack replyTo(const RegisterService& request, std::string_view asker);
  Ack replyTo(const UnregisterService& request, std::string_view asker);
  ServiceLookupRep replyTo(const ServiceLookupReq& request, std::string_view asker);

  Directory directory_;
  std::atomic<std::size_t>& entries_;
  RateLimit refusals_;
};

}  // namespace dividere::detail
