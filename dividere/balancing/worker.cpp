#include "worker.hpp"

#include "detail/worker_core.hpp"

namespace dividere::balancing {

Worker::Worker(const std::string& endpoint, const WorkerOptions& options)
    : Worker(std::vector<std::string>{endpoint}, options) {}

Worker::Worker(std::initializer_list<std::string> brokers, const WorkerOptions& options)
    : Worker(std::vector<std::string>(brokers), options) {}

Worker::Worker(const std::vector<std::string>& brokers, const WorkerOptions& options)
    : core_(std::make_unique<detail::WorkerCore>(brokers, options, handlers())) {}

Worker::~Worker() {
  if (core_->isOfOtherProcess()) core_.release();  // its threads, not here, still wait by what would be destroyed
}

Worker& Worker::onBytes(std::function<std::string(std::string_view)> handler) {
  core_->onBytes(std::move(handler));
  return *this;
}

void Worker::start() { core_->start(); }

void Worker::stop() { core_->stop(); }

const std::string& Worker::endpoint() const { return core_->endpoints().front(); }

const std::vector<std::string>& Worker::endpoints() const { return core_->endpoints(); }

}  // namespace dividere::balancing
