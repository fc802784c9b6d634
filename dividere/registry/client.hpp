#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "../core/interrupt.hpp"
#include "../core/timeout.hpp"
#include "../messaging/describe.hpp"
#include "address.hpp"
#include "watch.hpp"

namespace dividere::detail {
class Deadline;
class RegistryLink;
}  // namespace dividere::detail

namespace dividere::registry {

struct ClientOptions {
  /// How long a call without a time-out waits for a reply.
  std::chrono::milliseconds timeout{5000};

  /// What is registered as this host's address, a host name or an IP address. Empty: the address of the interface
  /// with the default route, or 127.0.0.1 where there is only loopback.
  std::string advertise;
};

/// What an instance says of itself.
struct Described {
  ServiceAddress address;
  std::optional<Description> description;  ///< empty: it did not reply in time, as those that describe nothing
  std::string fault;                       ///< why there is none, where that is known: it tells its own host only, say
};

/// Asks the registry, as the Python package's registry.ServiceRegistry.Client does.
///
/// Given several registries, asks the first that is there, and the next if it goes or keeps silent. A registry that
/// is restarted meanwhile is waited for and asked again, until the call's time is up, or the Interrupt that it was given is
/// raised; then the call throws Error{noRegistry}. One that keeps this program out (dividere::secure) ends calls with
/// Error{unauthorized} at once. All that asks the same registries in a process shares one connection and one thread.
///
/// A service's name is printable UTF-8 of 1 to 255 bytes. Another one, and an `advertise` that cannot be a host, is
/// refused with std::errc::invalid_argument before anything is sent.
///
/// Any thread, any number at once. A forked child makes its own; the parent's throws Error{otherProcess} there.
class Client {
 public:
  explicit Client(const std::string& host = "localhost", std::uint16_t port = 5000, const ClientOptions& options = {});
  explicit Client(const std::vector<Location>& registries, const ClientOptions& options = {});
  explicit Client(std::initializer_list<Location> registries, const ClientOptions& options = {});
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Adds this host and port to the instances of the name. They stay until unregistered. (service::Service does
  /// better: it renews a lease, so that the entry does not survive it.) Throws std::errc::invalid_argument, and what the
  /// registry says, if that does not take it.
  ///
  /// With several registries only the one that replies knows of it.
  void registerService(const std::string& name, std::uint16_t port);
  void registerService(const std::string& name, std::uint16_t port, Timeout timeout);
  void registerService(const std::string& name, std::uint16_t port, Timeout timeout, const Interrupt& interrupt);

  /// Removes this host and port from the instances of the name; others stay. One that is not there changes nothing.
  void unregisterService(const std::string& name, std::uint16_t port);
  void unregisterService(const std::string& name, std::uint16_t port, Timeout timeout);
  void unregisterService(const std::string& name, std::uint16_t port, Timeout timeout, const Interrupt& interrupt);

  /// One of the instances of the name, each time the next; nothing if there is no such service. Its kind is not told.
  std::optional<ServiceAddress> lookupService(const std::string& name);
  std::optional<ServiceAddress> lookupService(const std::string& name, Timeout timeout);
  std::optional<ServiceAddress> lookupService(const std::string& name, Timeout timeout, const Interrupt& interrupt);

  /// Every instance of the services that match the pattern, by name: one name, or the beginning of names and an asterisk,
  /// as in "camera.*". Empty if there is none.
  ///
  /// Throws std::errc::not_supported for a pattern if the registry knows exact names only, as those of dividere 0.1
  /// and of the Python package do.
  std::vector<ServiceAddress> instances(const std::string& pattern);
  std::vector<ServiceAddress> instances(const std::string& pattern, Timeout timeout);
  std::vector<ServiceAddress> instances(const std::string& pattern, Timeout timeout, const Interrupt& interrupt);

  /// Asks each of the instances() of the pattern what it is, as dividere::describe() does, 32 at a time. In the same order. In a
  /// secured program each has to have the key that the registry vouches for, or the one known by the name. Those of this
  /// host are asked over loopback if they have no key.
  ///
  /// Waits until the time is up for those that describe nothing: such there are in most systems.
  std::vector<Described> describe(const std::string& pattern);
  std::vector<Described> describe(const std::string& pattern, Timeout timeout);

  /// Returns at once. As long as the Watch lives, calls `function` for every instance that matches the pattern: for those that are
  /// there, and then for each that comes (true), goes (false), or changes its kind (true again). One that comes and goes faster
  /// than the function returns may be left out, both times.
  ///
  /// The function is called in a thread of the Watch's own, one call at a time; it may call anything, also stop(), and
  /// destroy the Watch. What it throws is logged.
  ///
  /// All registries are watched: an instance is there if one of them knows it. While a registry is away, or has just come
  /// back, what it knew still counts. A registry tells of a change at once. Those of dividere 0.1 and of the Python package
  /// are asked every 5 s, and know exact names only.
  ///
  /// Throws std::errc::invalid_argument for a pattern that no name has.
  Watch watch(const std::string& pattern, std::function<void(const ServiceAddress&, bool isThere)> function) const;

 private:
  void registerBy(const detail::Deadline& deadline, const std::string& name, std::uint16_t port);
  void unregisterBy(const detail::Deadline& deadline, const std::string& name, std::uint16_t port);
  std::optional<ServiceAddress> lookupBy(const detail::Deadline& deadline, const std::string& name);
  std::vector<ServiceAddress> instancesBy(const detail::Deadline& deadline, const std::string& pattern);
  std::string ask(const std::string& what, std::string_view type, const std::string& request,
                  std::string_view replyType, const detail::Deadline& deadline) const;

  std::shared_ptr<detail::RegistryLink> link_;
  ClientOptions options_;
  std::string where_;  // the registries, for errors
};

}  // namespace dividere::registry
