#pragma once

#include <dividere.hpp>

#include <optional>
#include <ostream>
#include <string>
#include <system_error>

namespace support {

/// The dividere::Error that `action` throws, if it throws one.
template <class Action>
std::optional<dividere::Error> errorOf(const Action& action) {
  try {
    action();
  } catch (const dividere::Error& error) {
    return error;
  }
  return std::nullopt;
}

template <class Action>
std::error_code codeOf(const Action& action) {
  const auto error = errorOf(action);
  return error ? error->code() : std::error_code();
}

template <class Action>
std::string whatOf(const Action& action) {
  const auto error = errorOf(action);
  return error ? error->what() : std::string("(nothing thrown)");
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace support
