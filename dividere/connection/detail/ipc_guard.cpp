#include "ipc_guard.hpp"

#include <sys/resource.h>

#include "transport.hpp"

namespace dividere::detail {

using connection::EventType;

/// Whether fewer than kIpcReserve descriptors are left. The system gives the lowest number that is free: below the latest one
/// there is none.
static bool isScarce(int latest) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  return static_cast<rlim_t>(latest) + kIpcReserve >= limit.rlim_cur;
}

void IpcGuard::follow(const void* owner, const std::string& who, const connection::SocketEvent& event) {
  if (event.type == EventType::listening && event.endpoint.compare(0, 6, "ipc://") == 0) listeners_.insert(owner);
  if (event.type != EventType::accepted || listeners_.empty()) return;
  const int descriptor = static_cast<int>(event.value);
  if (!isScarce(descriptor)) return;
  cut(descriptor, event.endpoint);
  warnings_.log(LogLevel::warning, who,
                event.endpoint + ": fewer than " + std::to_string(kIpcReserve) +
                    " file descriptors are left, so a peer was disconnected: without any, ipc would abort the process");
}

}  // namespace dividere::detail
