// SPDX-License-Identifier: MIT

#include "request_by_hand.hpp"

namespace tool {

using Method = dividere::Description::Method;

/// By its name, or by the type it takes where it has none.
static const Method* methodOf(const dividere::Description& described, const std::string& word) {
  if (word.empty()) return described.methods.size() == 1 ? &described.methods.front() : nullptr;
  for (const auto& method : described.methods) {
    if (method.name == word || (method.name.empty() && method.input == word)) return &method;
  }
  return nullptr;
}

static std::string methodNames(const dividere::Description& described) {
  std::string names;
  for (const auto& method : described.methods) {
    names += (names.empty() ? "" : ", ") + (method.name.empty() ? method.input : method.name);
  }
  return names;
}

[[noreturn]] static void failToChoose(const std::optional<dividere::Description>& described) {
  if (described && !described->methods.empty()) {
    throw UsageError("which method? There are " + methodNames(*described));
  }
  throw UsageError("which type has the request? Name its METHOD, or its --type");
}

TypedRequest requestByHand(Types& types, const std::optional<dividere::Description>& described, const std::string& word,
                           const std::string& type, const std::string& json) {
  if (described) types.add(described->descriptors);
  std::string method, input = type;
  const auto* here = described ? methodOf(*described, word) : nullptr;
  const auto* there = here || word.empty() ? nullptr : types.findMethod(word);
  if (here) {
    method = here->name;
    if (input.empty()) input = here->input;
  } else if (there) {
    method = there->name();
    if (input.empty()) input = there->input_type()->full_name();
  } else if (input.empty()) {
    input = word;  // a request goes by its type
  } else {
    method = word;
  }
  if (input.empty()) failToChoose(described);
  return {method, types.fromJson(input, json)};
}

}  // namespace tool
