#include "error.hpp"

#include "detail/never_destroyed.hpp"
#include "detail/text.hpp"

namespace dividere {
namespace detail {

class ErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "dividere"; }

  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::noWorker: return "no worker";
      case Errc::overloaded: return "overloaded";
      case Errc::handlerFailed: return "handler failed";
      case Errc::gaveUp: return "gave up after the last attempt";
      case Errc::unknownType: return "unknown type";
      case Errc::malformed: return "malformed";
      case Errc::tooLarge: return "too large";
      case Errc::deadlinePassed: return "deadline passed";
      case Errc::stopping: return "stopping";
      case Errc::unauthorized: return "unauthorized";
      case Errc::cancelled: return "cancelled";
      case Errc::outOfTurn: return "out of turn";
      case Errc::wrongType: return "wrong type";
      case Errc::badEndpoint: return "bad endpoint";
      case Errc::otherProcess: return "made in another process, before fork()";
      case Errc::movedFrom: return "moved from";
      case Errc::noFreePort: return "no free port";
      case Errc::noRegistry: return "no registry replied";
      case Errc::incomplete: return "required fields are missing";
      case Errc::noService: return "no such service";
    }
    return "dividere error " + std::to_string(value);
  }
};

}  // namespace detail

const std::error_category& errorCategory() noexcept {
  // Errors may be thrown and compared while static objects are being destroyed.
  static detail::NeverDestroyed<detail::ErrorCategory> category;
  return *category;
}

std::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), errorCategory()}; }

// Cut here, where every text comes by: what is wrong with a message, or what a peer says, may be as large as the message.
Error::Error(std::error_code code, const std::string& context)
    : std::system_error(code, context.size() > detail::kLongestText ? detail::cut(context) : context) {}

Error::Error(std::error_code code, const std::string& context, std::string text, int failure)
    : std::system_error(Error(code, context)),
      text_(std::make_shared<const std::string>(std::move(text))),
      failure_(failure) {}

std::string Error::context() const {
  const std::string text = what();
  const std::string end = ": " + code().message();
  const bool hasEnd = text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
  return hasEnd ? text.substr(0, text.size() - end.size()) : text;
}

Failure::Failure(int code, std::string text)
    : code_(code), text_(std::make_shared<const std::string>(std::move(text))) {}

}  // namespace dividere
