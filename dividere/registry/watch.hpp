#pragma once

#include <functional>
#include <memory>
#include <string>

#include "../core/detail/hidden.hpp"
#include "address.hpp"

namespace dividere::detail {
class RegistryLink;
class Watching;
}  // namespace dividere::detail

namespace dividere::registry {

class Client;

/// Client::watch(): as long as it lives, a function is told of who comes and goes. Any thread; in a forked child it does
/// nothing.
class Watch {
 public:
  /// Watches nothing.
  Watch() noexcept;
  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;

  /// Stops, as stop().
  ~Watch();

  /// The function is not called any more. Waits for a call under way, unless called from inside it. Any number of times.
  void stop();

 private:
  friend class Client;

  Watch(std::shared_ptr<detail::RegistryLink> link, const std::string& pattern,
        std::function<void(const ServiceAddress&, bool)> function);

  detail::Hidden<detail::Watching> watching_;
};

}  // namespace dividere::registry
