#include "worker.hpp"

#include "detail/worker_core.hpp"

namespace dividere::balancing {

Worker::Worker(const std::string& endpoint, const WorkerOptions& options)
    : core_(std::make_unique<detail::WorkerCore>(endpoint, options, handlers())) {}

Worker::~Worker() {
  if (core_->isOfOtherProcess()) core_.release();  // its threads, not here, still wait by what would be destroyed
}

Worker& Worker::onBytes(std::function<std::string(std::string_view)> handler) {
  core_->onBytes(std::move(handler));
  return *this;
}

void Worker::start() { core_->start(); }

void Worker::stop() { core_->stop(); }

const std::string& Worker::endpoint() const { return core_->endpoint(); }

}  // namespace dividere::balancing
