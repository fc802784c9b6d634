#include "broker.hpp"

#include "detail/broker_core.hpp"

namespace dividere::balancing {

Broker::Broker(std::uint16_t frontPort, std::uint16_t backPort, const BrokerOptions& options)
    : core_(std::make_unique<detail::BrokerCore>(frontPort, backPort, options)) {}

Broker::~Broker() {
  core_->stop();
  // In a forked child other threads may have held its locks, or waited for its news, when the fork came.
  if (core_->isOfOtherProcess()) core_.release();
}

void Broker::stop() { core_->stop(); }

BrokerStats Broker::stats() const { return core_->tally().stats(); }

std::uint16_t Broker::frontPort() const { return core_->frontPort(); }

std::uint16_t Broker::backPort() const { return core_->backPort(); }

bool Broker::waitForWorkers(std::size_t n, Timeout timeout) const {
  return core_->tally().waitForWorkers(n, detail::Deadline::in(timeout));
}

bool Broker::waitForWorkers(std::size_t n, Timeout timeout, const Interrupt& interrupt) const {
  return core_->tally().waitForWorkers(n, detail::Deadline::in(&timeout, &interrupt));
}

}  // namespace dividere::balancing
