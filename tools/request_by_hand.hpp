// A request that somebody has typed: its method, its type and what it says.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <optional>
#include <string>

#include "command.hpp"
#include "types.hpp"

namespace tool {

struct TypedRequest {
  std::string method;  // empty: it goes by its type
  MessagePtr message;
};

/// `word` is a method of what is described or of a known `service` block, or the request's type; empty: the only method that is described. `type`
/// says the type where the method does not, and may be empty. Adds the description's types. Throws UsageError.
TypedRequest requestByHand(Types& types, const std::optional<dividere::Description>& described, const std::string& word,
                           const std::string& type, const std::string& json);

}  // namespace tool
