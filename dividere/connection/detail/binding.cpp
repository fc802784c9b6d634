#include "binding.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "../port_manager.hpp"
#include "ipc_guard.hpp"
#include "process.hpp"

namespace dividere::detail {

// Descriptors without which libzmq aborts the process: for an ipc listener, or to look up the interface of a tcp one.
constexpr int kToBind = 2;
// ... and two that hold a port.
constexpr int kToBindAnywhere = kToBind + 2;

std::string Binding::bind(const std::string& text) {
  const Endpoint endpoint = parseEndpoint(socket_.who(), text, true);
  if (endpoint.ipv6) socket_.set(ZMQ_IPV6, 1);
  if (endpoint.transport == Transport::tcp && endpoint.wildcardPort) {
    bindToFreePort(endpoint);
  } else {
    bindTo(endpoint);
  }
  return lastEndpoint();
}

void Binding::bindTo(const Endpoint& endpoint) {
  const std::string text = endpoint.str();
  const bool isIpc = endpoint.transport == Transport::ipc;
  if (isIpc) checkIpcPathIsFree(socket_.who(), endpoint);
  if (endpoint.transport != Transport::inproc) {
    requireDescriptors(kToBind + (isIpc ? kIpcReserve : 0), (socket_.who() + ": bind " + text).c_str());
  }
  const int backlog = socket_.get(ZMQ_BACKLOG);
  if (isIpc) socket_.set(ZMQ_BACKLOG, std::min(backlog, kIpcBacklog));
  bindOnceReleased(text);
  socket_.set(ZMQ_BACKLOG, backlog);
  if (endpoint.transport == Transport::inproc) names_.push_back(text);
  if (isIpc && endpoint.address.front() != '@' && endpoint.address != "*") names_.push_back(endpoint.address);
}

/// A socket that was closed just now may still have it.
void Binding::bindOnceReleased(const std::string& endpoint) {
  auto& watcher = Process::current().watcher;
  const Deadline limit = Deadline::in(kReleaseLimit);
  for (;;) {
    const auto seen = watcher.releases();
    if (tryBind(endpoint)) return;
    const int error = errno;
    if (error == EADDRINUSE && watcher.awaitRelease(seen, limit)) continue;
    errno = error;
    socket_.fail("bind " + endpoint);
  }
}

// Not libzmq's own wildcard: that takes a port from the range for outgoing connections, where a client that
// retries it after our end may meet itself.
void Binding::bindToFreePort(Endpoint endpoint) {
  requireDescriptors(kToBindAnywhere, (socket_.who() + ": bind " + endpoint.str()).c_str());
  endpoint.wildcardPort = false;
  for (int attempt = 0;; ++attempt) {
    endpoint.port = connection::PortManager::acquire();
    const bool bound = tryBind(endpoint.str());
    const int error = errno;
    connection::PortManager::release(endpoint.port);
    if (bound) return;
    errno = error;
    if (error != EADDRINUSE || attempt == 100) socket_.fail("bind " + endpoint.str());
  }
}

std::string Binding::bindToFirstFree(std::uint16_t first, std::uint16_t last) {
  requireDescriptors(kToBind, (socket_.who() + ": bind " + everyInterface(first)).c_str());
  auto& watcher = Process::current().watcher;
  const Deadline limit = Deadline::in(kReleaseLimit);
  for (;;) {
    const auto seen = watcher.releases();
    for (unsigned port = first; port <= last; ++port) {
      const std::string endpoint = everyInterface(static_cast<std::uint16_t>(port));
      if (tryBind(endpoint)) return lastEndpoint();
      if (errno != EADDRINUSE && errno != EACCES) socket_.fail("bind " + endpoint);
    }
    // One that this process has just let go of may be free in a moment.
    if (!watcher.awaitRelease(seen, limit)) return {};
  }
}

bool Binding::tryBind(const std::string& endpoint) {
  watch_.expectBind();
  if (retryInterrupted([&] { return zmq_bind(socket_.handle(), endpoint.c_str()); }) == 0) return true;
  // Telling the monitor of the failure may leave its own EAGAIN in errno, in place of what went wrong.
  if (errno == EAGAIN && isMonitored_) errno = watch_.bindError(Deadline::in(kReleaseLimit));
  if (errno == 0) errno = EADDRINUSE;  // what it is nearly always
  return false;
}

std::string Binding::lastEndpoint() const {
  char resolved[512];
  std::size_t size = sizeof resolved;
  const auto call = [&] { return zmq_getsockopt(socket_.handle(), ZMQ_LAST_ENDPOINT, resolved, &size); };
  if (retryInterrupted(call) != 0) socket_.fail("bind");
  return resolved;
}

void Binding::release() {
  for (const std::string& name : names_) {
    // libzmq leaves the files of ipc endpoints lying about.
    if (name.compare(0, 9, "inproc://") == 0) {
      retryInterrupted([&] { return zmq_unbind(socket_.handle(), name.c_str()); });
    } else {
      ::unlink(name.c_str());
    }
  }
  names_.clear();
}

}  // namespace dividere::detail
