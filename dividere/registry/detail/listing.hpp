#pragma once

// What a registry's reply lists, as far as it can be believed.

#include <cstddef>
#include <optional>
#include <string>

#include "../../messaging/detail/framework_messages.hpp"
#include "../address.hpp"

namespace dividere::detail {

/// What is listed in the end may be long, but not without bound. No honest registry has as much.
constexpr std::size_t kMostListed = 1'000'000;

/// The address of a listed instance; `name` is its name if it has none of its own. Nothing if no service can be there.
std::optional<registry::ServiceAddress> addressOf(const ServiceInstance& instance, const std::string& name);

/// The last of a part of a list, to be asked for what comes after it. Throws Error{malformed}, which begins with `who`, if
/// asking so would lead nowhere: it does not come after the one `before`, or is no instance at all. `listed`: how many
/// there are by now.
const ServiceInstance& lastListed(const std::string& who, const ServiceLookupRep& reply, const ServiceInstance& before,
                                  std::size_t listed);

}  // namespace dividere::detail
