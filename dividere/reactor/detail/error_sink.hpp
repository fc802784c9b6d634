#pragma once

// Where errors go that nobody can catch.

#include <functional>
#include <string>

#include "../../core/detail/log_line.hpp"
#include "../../core/error.hpp"

namespace dividere::detail {

/// Told of what went wrong in a thread where nobody can catch it. Does not throw.
using ErrorSink = std::function<void(const Error&)>;

/// Writes errors to the log, one a second, under the name of whom they happened to. Any thread.
class ErrorLog {
 public:
  void write(const std::string& who, const Error& error) noexcept;

 private:
  RateLimit warnings_;
};

/// What was thrown, as an Error with Errc::handlerFailed: text() is what it threw, and what() begins with `what`. Inside
/// a catch block only.
Error currentAsHandlerError(const std::string& what);

}  // namespace dividere::detail
