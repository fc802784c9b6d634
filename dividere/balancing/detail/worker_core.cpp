#include "worker_core.hpp"

#include <algorithm>
#include <utility>

#include "../../core/detail/options.hpp"

namespace dividere::detail {

/// The way back for one task.
class WorkerCore::TaskOrigin final : public Origin {
 public:
  TaskOrigin(BrokerLine& line, WorkerTask& task) : line_(line), task_(task) {
    for (const Frame& frame : task.route) route_.push_back(frame.str());
  }
  bool owesReply() const override { return true; }
  bool wantsErrors() const override { return true; }

  /// Whether an error is told from a reply of plain bytes: a broker of this library sees to that, or the client, by its
  /// correlation frame.
  bool understandsErrors() const {
    return AttemptToken::isOurs(route_.front()) || (route_.size() > 1 && isCorrelationId(route_[1]));
  }

 private:
  void send(Frame& frame) override {
    if (isReplied()) throw Error(Errc::outOfTurn, std::string(kWorker) + ": send: the request has had its reply");
    line_.requireSendable(frame.size());
    Multipart message(std::move(task_.route));
    message.push(std::move(frame));
    line_.reply(std::move(message));
  }

  BrokerLine& line_;
  WorkerTask& task_;
};

WorkerCore::WorkerCore(std::string endpoint, const balancing::WorkerOptions& options, HandlerTable& handlers)
    : endpoint_(std::move(endpoint)), options_(options), handlers_(handlers), loop_(kWorker) {
  parseEndpoint(kWorker, endpoint_, false);
  requireOption(options_.heartbeat > std::chrono::milliseconds(0), kWorker, "heartbeat must be positive");
  requireOption(options_.capacity > 0, kWorker, "capacity must be at least 1");
  options_.heartbeat = clampedPeriod(options_.heartbeat);
}

void WorkerCore::onBytes(std::function<std::string(std::string_view)> handler) {
  if (started_) throw Error(Errc::outOfTurn, std::string(kWorker) + ": onBytes() comes before start()");
  onBytes_ = std::move(handler);
}

void WorkerCore::start() {
  if (started_) throw Error(Errc::outOfTurn, std::string(kWorker) + ": start() is called once");
  if (onBytes_ && !handlers_.isEmpty()) {
    throw Error(Errc::outOfTurn, std::string(kWorker) + ": typed handlers and onBytes() exclude each other");
  }
  if (handling_.stopRequested()) return;
  started_ = true;
  handlers_.seal(kWorker);
  line_ = std::make_unique<BrokerLine>(loop_, tasks_, endpoint_, options_, onBytes_ ? Dialect::bytes : Dialect::typed);
  loop_.every(std::max(options_.heartbeat / 2, std::chrono::milliseconds(1)), [this] { line_->beatIfDue(); });
  loop_.start();
  handling_.start("dividere-worker", [this] { handleTasks(); });
}

void WorkerCore::stop() {
  if (isOfOtherProcess()) return;
  tasks_.end();
  handling_.stop();
  // It has ended the loop, unless it was kept from starting.
  if (handling_.waitsFor()) loop_.stop();
}

void WorkerCore::handleTasks() {
  while (auto task = tasks_.next()) {
    TaskOrigin origin(*line_, *task);
    if (onBytes_) {
      handleBytes(*task, origin);
    } else {
      handlers_.dispatch(task->payload.view(), origin);
    }
  }
  loop_.post([this] { line_->sayGoodbye(); });
  loop_.stop();
}

void WorkerCore::handleBytes(WorkerTask& task, TaskOrigin& origin) {
  try {
    Frame reply{std::string_view(onBytes_(task.payload.view()))};
    origin.reply(reply);
    handlers_.countHandled();
  } catch (...) {
    const Error error = currentAsHandlerError(std::string(kWorker) + ": onBytes");
    handlers_.refuseFailed(origin, error, origin.understandsErrors());
  }
}

}  // namespace dividere::detail
