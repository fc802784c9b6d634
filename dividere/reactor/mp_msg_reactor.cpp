#include "mp_msg_reactor.hpp"

#include "../core/detail/options.hpp"
#include "detail/supervisor.hpp"

namespace dividere::reactor {

MpMsgReactor::MpMsgReactor(int processes, std::function<void(MtMsgReactor&)> setup, const MpOptions& options) {
  constexpr const char* kWho = "reactor::MpMsgReactor";
  detail::requireOption(processes > 0, kWho, "processes must be at least 1");
  detail::requireOption(options.startLimit.count() > 0, kWho, "startLimit must be positive");
  supervisor_ = std::make_unique<detail::Supervisor>(processes, std::move(setup), options);
}

MpMsgReactor::~MpMsgReactor() = default;

void MpMsgReactor::stop() { supervisor_->stop(); }

std::size_t MpMsgReactor::alive() const { return pids().size(); }

bool MpMsgReactor::waitForWorkers(std::size_t n, Timeout timeout) const {
  return supervisor_->waitForWorkers(n, detail::Deadline::in(timeout));
}

bool MpMsgReactor::waitForWorkers(std::size_t n, Timeout timeout, const Interrupt& interrupt) const {
  return supervisor_->waitForWorkers(n, detail::Deadline::in(&timeout, &interrupt));
}

std::vector<int> MpMsgReactor::pids() const { return supervisor_->pids(); }

}  // namespace dividere::reactor
