// Whom a call by hand goes to, and what it asks: the part that all commands share that call.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <string>
#include <vector>

#include "command.hpp"
#include "request_by_hand.hpp"
#include "types.hpp"

namespace tool {

/// What was typed.
struct CallWords {
  std::string service;             // a name, or an endpoint
  std::vector<std::string> words;  // [METHOD] JSON
  std::vector<std::string> protos;
  std::string type;
};

/// The command takes these. `words` must live until it has run.
void addCallWords(CLI::App& command, CallWords& words);

/// One that can be called.
struct Instance {
  std::string endpoint;
  std::string kind;  // as it is registered; empty where an endpoint was typed
  std::string key;
};

/// All instances of the service; at least one. Throws if there is none.
std::vector<Instance> instancesOf(const Common& common, const std::string& service);

/// The request, of the types in the .proto files, or else of those that `instance` says it takes. They are added to `types`.
/// Throws UsageError.
TypedRequest requestTo(const Common& common, const Instance& instance, const CallWords& words, Types& types);

}  // namespace tool
