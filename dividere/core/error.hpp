#pragma once

#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace dividere {

/// What went wrong, where no std::errc says it.
///
/// The numbers below 20 also travel between processes, in a DividereError (doc/wire.md). They mean the same on both
/// sides.
enum class Errc {
  noWorker = 1,        ///< no worker was there for the request
  overloaded = 2,      ///< the queue of waiting requests is full
  handlerFailed = 3,   ///< the handler threw; the text is what it threw
  gaveUp = 4,          ///< every attempt failed, or the last one must not be repeated
  unknownType = 5,     ///< the message's type is not linked into the program, or has no handler
  malformed = 6,       ///< the bytes are not a valid message
  tooLarge = 7,        ///< larger than the receiver accepts
  deadlinePassed = 8,  ///< the time was up first
  stopping = 9,        ///< the component is being stopped
  unauthorized = 10,   ///< the peer may not do this
  cancelled = 11,      ///< its caller gave it up

  outOfTurn = 20,     ///< a call at the wrong moment: a send while a reply is owed, a second start()
  wrongType = 21,     ///< the message is of another type than the one asked for
  badEndpoint = 22,   ///< the endpoint cannot be used as given
  otherProcess = 23,  ///< used in a forked child, but made by its parent
  movedFrom = 24,     ///< the object was moved from
  noFreePort = 25,    ///< every port of the range is taken
  noRegistry = 26,    ///< no registry replied
  incomplete = 27,    ///< the message lacks required fields
  noService = 28,     ///< no service of that name is registered
};

/// The category of Errc, named "dividere".
const std::error_category& errorCategory() noexcept;

std::error_code make_error_code(Errc code) noexcept;

/// Thrown when a promise cannot be kept. what() says who, what, where and why, as in
/// "connection::Publisher: bind tcp://*:5555: Address already in use".
///
/// Compare code() with std::errc or Errc: `error.code() == std::errc::address_in_use`. Expected outcomes
/// (nothing came in time) are never thrown.
class Error : public std::system_error {
 public:
  /// `context` is who, what and where, cut after 4,000 bytes; the code's own message is appended.
  Error(std::error_code code, const std::string& context);

  /// The same, with what text() and failure() return.
  Error(std::error_code code, const std::string& context, std::string text, int failure = 0);

  /// what() without the code's message at its end.
  std::string context() const;

  /// The bare text: for Errc::handlerFailed exactly what was thrown (its first kilobytes, if a peer sent it). context()
  /// where there is no other.
  std::string text() const { return text_ ? *text_ : context(); }

  /// The code of the Failure that a handler threw; 0 if it was no Failure.
  int failure() const noexcept { return failure_; }

 private:
  std::shared_ptr<const std::string> text_;  // copying an Error does not throw
  int failure_ = 0;
};

/// How a handler says no in the application's own terms:
///
///     throw dividere::Failure(42, "count must not be 0");
///
/// The client gets an Error{handlerFailed} with this failure() and exactly this text(). The codes are the application's;
/// 0 stands for none.
struct Failure : std::exception {
  Failure(int code, std::string text);

  int code() const noexcept { return code_; }
  const std::string& text() const noexcept { return *text_; }
  const char* what() const noexcept override { return text_->c_str(); }

 private:
  int code_;
  std::shared_ptr<const std::string> text_;  // copying a Failure does not throw
};

}  // namespace dividere

namespace std {
template <>
struct is_error_code_enum<dividere::Errc> : true_type {};
}  // namespace std
