#include "context.hpp"

#include <zmq.h>

#include <cerrno>

#include "../core/detail/options.hpp"
#include "../core/detail/thread.hpp"
#include "../core/error.hpp"
#include "detail/context_handle.hpp"
#include "detail/gatekeeper.hpp"
#include "detail/process.hpp"
#include "detail/retry_interrupted.hpp"

namespace dividere::detail {

std::shared_ptr<Gatekeeper> gatekeeperOf(connection::Context& context) {
  ContextHandle& handle = *context.context_;
  std::lock_guard<std::mutex> lock(handle.mutex);
  if (!handle.gatekeeper) handle.gatekeeper = std::make_shared<Gatekeeper>(handle.context);
  return handle.gatekeeper;
}

std::string ownZapDomainOf(connection::Context& context) {
  ContextHandle& handle = *context.context_;
  std::lock_guard<std::mutex> lock(handle.mutex);
  return handle.ownZapDomain;
}

}  // namespace dividere::detail

namespace dividere::connection {

Context::Context(int ioThreads) {
  detail::processMutex();  // from here on a fork() is noticed, also if nothing else of the library is ever used
  // The first socket of a context starts its threads and aborts the process if one of them gets no descriptor:
  // an eventfd and an epoll each, for the reaper and every I/O thread, and one for the term mailbox.
  detail::requireDescriptors(2 * (ioThreads + 1) + 2, "connection::Context");
  context_ = std::make_unique<detail::ContextHandle>();
  context_->context = zmq_ctx_new();
  if (!native()) throw Error({errno, std::generic_category()}, "connection::Context");
  zmq_ctx_set(native(), ZMQ_IO_THREADS, ioThreads);
  zmq_ctx_set(native(), ZMQ_MAX_SOCKETS, 65535);  // the default of 1023 is met by closing and opening in a loop
  zmq_ctx_set(native(), ZMQ_BLOCKY, 0);
}

Context::~Context() {
  // An inherited context is dead in a forked child: ending it would wait for ever.
  if (context_->fork.crossed()) return;
  const auto end = [context = native(), gatekeeper = std::move(context_->gatekeeper)] {
    if (gatekeeper) gatekeeper->stop();  // its socket would be waited for
    detail::retryInterrupted([&] { return zmq_ctx_term(context); });
  };
  // It waits for the readers of events, which are closed by the thread that calls the handlers.
  if (detail::CallbackScope::isInside()) {
    detail::startThread("dividere-end", end).detach();
  } else {
    end();
  }
}

void Context::useOwnZapHandler(const std::string& domain) {
  detail::requireOption(!domain.empty(), "connection::Context", "a ZAP handler needs a domain");
  std::lock_guard<std::mutex> lock(context_->mutex);
  if (context_->gatekeeper) {
    throw Error(Errc::outOfTurn,
                "connection::Context: useOwnZapHandler() comes before the first socket that is secured");
  }
  context_->ownZapDomain = domain;
}

void* Context::native() const noexcept { return context_->context; }

std::shared_ptr<Context> Context::shared() { return detail::Process::current().context(); }

}  // namespace dividere::connection
