#include "worker_core.hpp"

#include <algorithm>
#include <utility>

#include "../../core/detail/options.hpp"

namespace dividere::detail {

/// The way back for one task.
class WorkerCore::TaskOrigin final : public Origin {
 public:
  TaskOrigin(BrokerLine& line, WorkerTask& task, const std::shared_ptr<CallControl>& control)
      : line_(line), task_(task) {
    setControl(control);
    for (const Frame& frame : task.route) route_.push_back(frame.str());
    if (task.caller) peer_ = *task.caller;
  }
  bool owesReply() const override { return true; }
  bool wantsErrors() const override { return !isHalted_; }

  /// Nothing is sent for a request that is cancelled; the broker waits for its end all the same, but for one of a former
  /// connection.
  void endCancelled() {
    if (sharedControl()->isCutOff()) return;
    if (!isDeferred() && !task_.route.empty() && isKnownCancelled()) line_.replyCancelled(std::move(task_.route));
  }

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

  /// Halted by stop(), it is for another worker, unless its handler replies all the same.
  CallControl::Credit takeCredit(std::uint32_t& part) override {
    const auto credit = Origin::takeCredit(part);
    if (credit == CallControl::Credit::stopping) isHalted_ = true;
    return credit;
  }

  // Bytes have no Sender, and the terms say no to brokers that know no parts.
  void requireParts() const override {}

  void sendPart(Frame& frame) override {
    line_.requireSendable(frame.size());
    line_.reply(BrokerLine::along(route_, std::move(frame)));
  }

  std::shared_ptr<LateReplies> lateReplies() override { return line_.lateReplies(); }

  BrokerLine& line_;
  WorkerTask& task_;
  bool isHalted_ = false;
};

WorkerCore::WorkerCore(std::vector<std::string> endpoints, const balancing::WorkerOptions& options,
                       HandlerTable& handlers)
    : endpoints_(std::move(endpoints)),
      options_(options),
      handlers_(handlers),
      tasks_(endpoints_.size()),
      loop_(kWorker) {
  requireOption(!endpoints_.empty(), kWorker, "a worker needs a broker's endpoint");
  for (const std::string& each : endpoints_) parseEndpoint(kWorker, each, false);
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
  requireHandlers();
  if (handling_.stopRequested()) return;
  started_ = true;
  handlers_.seal(kWorker);
  openLines();
  loop_.start();
  handling_.start("dividere-worker", [this] { handleTasks(); });
}

void WorkerCore::requireHandlers() const {
  const auto refuse = [](const char* why) { throw Error(Errc::outOfTurn, std::string(kWorker) + ": " + why); };
  if (onBytes_ && !handlers_.isEmpty()) refuse("typed handlers and onBytes() exclude each other");
  if (!onBytes_ && handlers_.handlesNothing()) refuse("start() comes after on() or onBytes(): it has no handler");
}

void WorkerCore::openLines() {
  const Dialect dialect = onBytes_ ? Dialect::bytes : Dialect::typed;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    lines_.push_back(
        std::make_unique<BrokerLine>(loop_, LineTasks(tasks_, i), endpoints_[i], options_, dialect, handlers_));
  }
  loop_.every(std::max(options_.heartbeat / 2, std::chrono::milliseconds(1)), [this] {
    for (const auto& line : lines_) line->beatIfDue();
  });
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
    TaskOrigin origin(*lines_[task->line], *task, tasks_.control());
    if (onBytes_) {
      handleBytes(*task, origin);
    } else {
      origin.setTerms(task->terms);
      handlers_.dispatch(task->payload.view(), origin);
    }
    origin.endCancelled();
    if (origin.isDeferred()) tasks_.leaveControl();
  }
  loop_.post([this] {
    for (const auto& line : lines_) line->sayGoodbye();
  });
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
