#include "error_sink.hpp"

namespace dividere::detail {

void ErrorLog::write(const std::string& who, const Error& error) noexcept {
  // The line names them anyway.
  const std::string_view text(error.what());
  const bool saysWho = text.substr(0, who.size()) == who && text.substr(who.size(), 2) == ": ";
  warnings_.log(LogLevel::warning, who, saysWho ? text.substr(who.size() + 2) : text);
}

static Error handlerError(const std::string& what, const char* thrown) {
  return Error(Errc::handlerFailed, what + ": " + thrown, thrown);
}

Error currentAsHandlerError(const std::string& what) {
  try {
    throw;
  } catch (const Failure& failure) {
    return Error(Errc::handlerFailed, what + ": " + failure.text(), failure.text(), failure.code());
  } catch (const std::exception& error) {
    return handlerError(what, error.what());
  } catch (...) {
    return handlerError(what, "something that is no std::exception");
  }
}

}  // namespace dividere::detail
