#pragma once

// What a Context keeps.

#include <memory>
#include <mutex>
#include <string>

#include "../../core/detail/fork.hpp"
#include "../context.hpp"

namespace dividere::detail {

class Gatekeeper;

struct ContextHandle {
  ForkGuard fork;
  void* context;
  std::mutex mutex;
  std::shared_ptr<Gatekeeper> gatekeeper;  // under mutex; null as long as nothing is secured
  std::string ownZapDomain;                // under mutex; empty: no ZAP handler of the application's
};

/// As Context::useOwnZapHandler() said; empty: it did not.
std::string ownZapDomainOf(connection::Context& context);

/// Made at the first call. Throws Error if there is another ZAP handler.
std::shared_ptr<Gatekeeper> gatekeeperOf(connection::Context& context);

}  // namespace dividere::detail
