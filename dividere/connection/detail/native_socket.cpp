#include "native_socket.hpp"

#include <cerrno>

#include "../../core/error.hpp"
#include "process.hpp"

namespace dividere::detail {

NativeSocket::NativeSocket(const char* who, int type, std::shared_ptr<connection::Context> context)
    : className_(who), who_(who), context_(std::move(context)) {
  auto& watcher = Process::current().watcher;
  const Deadline limit = Deadline::in(kReleaseLimit);
  for (;;) {
    const auto seen = watcher.releases();
    handle_ = retryInterrupted([&] { return zmq_socket(context_->native(), type); });
    if (handle_) return;
    const int error = errno;
    if (error == EMFILE && watcher.awaitRelease(seen, limit)) continue;
    errno = error;
    fail("open");
  }
}

void NativeSocket::close() {
  if (!handle_ || fork_.crossed()) return;
  zmq_close(handle_);
  handle_ = nullptr;
  context_.reset();
}

void NativeSocket::set(int option, const void* value, std::size_t size) {
  const auto call = [&] { return zmq_setsockopt(handle_, option, value, size); };
  if (retryInterrupted(call) != 0) fail("set option " + std::to_string(option));
}

template <class Value>
Value NativeSocket::getAs(int option) const {
  Value value = 0;
  std::size_t size = sizeof value;
  const auto call = [&] { return zmq_getsockopt(handle_, option, &value, &size); };
  if (retryInterrupted(call) != 0) fail("get option " + std::to_string(option));
  return value;
}

int NativeSocket::get(int option) const { return getAs<int>(option); }

std::int64_t NativeSocket::getWide(int option) const { return getAs<std::int64_t>(option); }

void NativeSocket::fail(const std::string& what) const {
  const int error = errno;
  const std::string context = who_ + ": " + what;
  switch (error) {
    case EFSM: throw Error(Errc::outOfTurn, context);
    case ETERM: throw Error(Errc::stopping, context);
    default: throw Error({error, std::generic_category()}, context);
  }
}

}  // namespace dividere::detail
