#pragma once

// The socket at which a registry is asked.

#include <atomic>
#include <optional>
#include <string>

#include "../../core/detail/log_line.hpp"
#include "../../messaging/detail/envelope_format.hpp"
#include "../../reactor/detail/alarm.hpp"
#include "../../reactor/detail/router_source.hpp"
#include "directory.hpp"
#include "parked_lookups.hpp"

namespace dividere::detail {

/// Replies to requests out of a directory of its own.
///
/// Made in any thread, then the loop's. Look-ups that wait for a change are replied to when there is one.
class RegistrySource final : public RouterSource {
 public:
  /// `entries` always has how many entries there are; `handlers` are for all other requests. Both outlive it. Throws Error
  /// if the endpoint cannot be bound to.
  RegistrySource(ReactorLoop& loop, std::atomic<std::size_t>& entries, const std::string& endpoint,
                 const connection::SocketOptions& options, const DirectoryLimits& limits, HandlerTable& handlers);

  void take() override;

  /// Forgets what was not renewed in time, and replies to who has waited long enough. To be called now and then.
  void expire();

 private:
  void addTo(Description& description, TypeBook& types) override;

  template <class Request>
  bool handles(const Envelope& envelope, std::string_view asker);

  /// Why whoever sent the message at hand may not register under this name, or remove what is there; empty: he may.
  std::string faultInRegistrant(const std::string& name);
  std::optional<Ack> replyTo(const RegisterService& request, std::string_view asker);
  std::optional<Ack> replyTo(const UnregisterService& request, std::string_view asker);
  std::optional<ServiceLookupRep> replyTo(const ServiceLookupReq& request, std::string_view asker);
  void noteChanges();
  void serveParked();

  Directory directory_;
  ParkedLookups parked_;
  std::uint64_t served_;  // the revision that those who wait have been told of
  Directory::Clock::time_point lastServed_{};
  Alarm serving_;
  std::atomic<std::size_t>& entries_;
  RateLimit refusals_;
};

}  // namespace dividere::detail
