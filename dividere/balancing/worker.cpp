#include "worker.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

#include "../core/detail/fork.hpp"
#include "../core/detail/log_line.hpp"
#include "../core/detail/options.hpp"
#include "../core/detail/thread.hpp"
#include "../reactor/detail/handler_table.hpp"
#include "../reactor/detail/reactor_loop.hpp"
#include "detail/dialect.hpp"
#include "detail/frame_source.hpp"

namespace dividere::detail {

using balancing::WorkerOptions;

/// A request, from its arrival until the handler is done with it.
struct WorkerTask {
  std::vector<Frame> route;
  Frame payload;
};

/// Two threads: a loop that owns the socket and is never busy for long, so that signs of life go on, and one that runs the
/// handlers.
class WorkerCore {
 public:
  WorkerCore(std::string endpoint, const WorkerOptions& options, HandlerTable& handlers)
      : endpoint_(std::move(endpoint)), options_(options), handlers_(handlers), loop_(kWho) {
    parseEndpoint(kWho, endpoint_, false);
    requireOption(options_.heartbeat > std::chrono::milliseconds(0), kWho, "heartbeat is to be more than nothing");
    requireOption(options_.capacity > 0, kWho, "capacity is to be at least 1");
    options_.heartbeat = reckonable(options_.heartbeat);
  }

  ~WorkerCore() { stop(); }

  void onBytes(std::function<std::string(std::string_view)> handler) {
    if (started_) throw Error(Errc::outOfTurn, std::string(kWho) + ": onBytes() comes before start()");
    onBytes_ = std::move(handler);
  }

  void start() {
    if (started_) throw Error(Errc::outOfTurn, std::string(kWho) + ": start() is called once");
    if (onBytes_ && !handlers_.isEmpty()) {
      throw Error(Errc::outOfTurn, std::string(kWho) + ": typed handlers and onBytes() exclude each other");
    }
    if (handling_.stopRequested()) return;
    started_ = true;
    handlers_.seal(kWho);
    dialect_ = onBytes_ ? Dialect::bytes : Dialect::typed;
    connect();
    loop_.every(std::max(options_.heartbeat / 2, std::chrono::milliseconds(1)), [this] { beatIfDue(); });
    loop_.start();
    handling_.start("dividere-worker", [this] { handleTasks(); });
  }

  void stop() {
    if (isOfOtherProcess()) return;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    hasTask_.notify_all();
    handling_.stop();
    // It has ended the loop, unless it was kept from starting.
    if (handling_.waitsFor()) loop_.stop();
  }

  bool isOfOtherProcess() const { return fork_.crossed(); }

  const std::string& endpoint() const { return endpoint_; }

 private:
  using Clock = Deadline::Clock;

  /// The way back for one task.
  class TaskOrigin final : public Origin {
   public:
    TaskOrigin(WorkerCore& core, WorkerTask& task) : core_(core), task_(task) {
      for (const Frame& frame : task.route) route_.push_back(frame.str());
    }
    void send(Frame& frame) override {
      if (isReplied()) throw Error(Errc::outOfTurn, std::string(kWho) + ": send: the request is answered already");
      core_.broker_->socket().requireSendable(frame.size());
      core_.reply(task_, std::move(frame));
    }
    bool owesReply() const override { return true; }
    bool wantsErrors() const override { return true; }

   private:
    WorkerCore& core_;
    WorkerTask& task_;
  };

  void connect() {
    connection::SocketOptions options;
    options.reconnectMax = std::max(options.reconnect, std::min(options.reconnectMax, options_.heartbeat / 2));
    auto socket = std::make_unique<Socket>(kWho, ZMQ_DEALER, options);
    id_ = socket->takeRandomName();
    // With each new connection: the broker may be another one, which does not know us.
    socket->onEvent([this](const connection::SocketEvent& event) {
      if (event.type == connection::EventType::handshakeSucceeded) loop_.post([this] { introduce(); });
      if (event.type == connection::EventType::disconnected) loop_.post([this] { isConnected_ = false; });
    });
    socket->connect(endpoint_);
    auto source = std::make_unique<FrameSource>(
        std::move(socket), FrameHooks{[this](Multipart& message) { onMessage(message); }, [this] { flushReplies(); }});
    broker_ = source.get();
    loop_.add(std::move(source));
  }

  // --- The loop's thread ---

  void onMessage(Multipart& message) {
    std::vector<Frame>& frames = message.frames();
    if (frames.size() < 2) {
      const Signal signal = frames.empty() ? Signal() : readSignal(frames[0].view());
      if (signal.kind != Signal::Kind::heartbeat) {
        return junk_.log(LogLevel::warning, kWho, "the broker sent neither a request nor a sign of life");
      }
      if (signal.capacity > 0) brokerIsOurs_ = true;
      if (mayBeat()) beat();
      return;
    }
    WorkerTask task;
    task.payload = message.takePayload();
    task.route.swap(frames);
    if (AttemptToken::isOurs(task.route[0].view())) brokerIsOurs_ = true;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    hasTask_.notify_one();
  }

  Signal signal(Signal::Kind kind) const {
    Signal made{kind, dialect_};
    made.capacity = options_.capacity;
    return made;
  }

  void introduce() {
    isConnected_ = true;
    brokerIsOurs_ = false;  // until it shows that it is
    forgetTasks();
    Signal registration = signal(Signal::Kind::registration);
    registration.isRegistration = true;
    say(registration);
    // Unasked, it tells a broker of this library that signs of life go on while a handler runs.
    if (dialect_ == Dialect::bytes) beat();
  }

  void beat() {
    say(signal(Signal::Kind::heartbeat));
    lastBeat_ = Clock::now();
  }

  // A broker gives what it had sent by the former connection to others.
  void forgetTasks() {
    std::lock_guard<std::mutex> lock(mutex_);
    tasks_.clear();
  }

  void beatIfDue() {
    if (isConnected_ && Clock::now() - lastBeat_ >= options_.heartbeat * 3 / 2 && mayBeat()) beat();
  }

  // A broker that is not of this library takes whoever speaks for idle, and gives it more: a Python worker is silent while
  // its handler runs. The reply is a sign of life, too.
  bool mayBeat() {
    if (brokerIsOurs_) return true;
    std::lock_guard<std::mutex> lock(mutex_);
    return tasks_.empty() && replies_.empty() && !isHandling_;
  }

  void say(const Signal& signal) {
    Multipart message;
    message.push(std::string_view(writeSignal(signal, id_)));
    broker_->trySend(message);  // if there is no room, there is no broker either
  }

  void flushReplies() {
    std::lock_guard<std::mutex> lock(mutex_);
    while (!replies_.empty()) {
      // The Python broker takes a byte worker for busy until it registers again. Before its reply: the next request may
      // come as soon as the client has that, and one that comes while no worker is idle ends that broker.
      const bool isOurs = AttemptToken::isOurs(replies_.front().frames().front().view());
      if (dialect_ == Dialect::bytes && !isOurs) say(signal(Signal::Kind::registration));
      if (broker_->trySend(replies_.front()) != SendResult::sent) return;
      replies_.pop_front();
    }
  }

  void sayGoodbye() {
    flushReplies();
    if (!brokerIsOurs_) return;                               // others would take it for a sign of life
    Signal goodbye{Signal::Kind::heartbeat, Dialect::typed};  // there is none in plain bytes
    goodbye.isGoodbye = true;
    say(goodbye);
  }

  // --- The handlers' thread ---

  void handleTasks() {
    for (;;) {
      WorkerTask task;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        hasTask_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
        if (stopping_) break;
        task = std::move(tasks_.front());
        tasks_.pop_front();
        isHandling_ = true;
      }
      TaskOrigin origin(*this, task);
      if (dialect_ == Dialect::bytes) {
        handleBytes(task, origin);
      } else {
        handlers_.dispatch(task.payload.view(), origin);
      }
      std::lock_guard<std::mutex> lock(mutex_);
      isHandling_ = false;
    }
    loop_.post([this] { sayGoodbye(); });
    loop_.stop();
  }

  void handleBytes(WorkerTask& task, TaskOrigin& origin) {
    try {
      Frame answer{std::string_view(onBytes_(task.payload.view()))};
      origin.reply(answer);
      handlers_.countHandled();
    } catch (...) {
      const Error error = currentAsHandlerError(std::string(kWho) + ": onBytes");
      // A client of plain bytes would take the error for its answer. A broker of this library sees to that.
      const bool isUnderstood = AttemptToken::isOurs(task.route[0].view()) ||
                                (task.route.size() > 1 && isCorrelationId(task.route[1].view()));
      handlers_.refuseFailed(origin, error, isUnderstood);
    }
  }

  void reply(WorkerTask& task, Frame&& frame) {
    Multipart message(std::move(task.route));
    message.push(std::move(frame));
    {
      std::lock_guard<std::mutex> lock(mutex_);
      replies_.push_back(std::move(message));
    }
    loop_.post([this] { flushReplies(); });
  }

  static constexpr const char* kWho = "balancing::Worker";

  // Constant once started.
  const std::string endpoint_;
  WorkerOptions options_;
  const ForkGuard fork_;
  HandlerTable& handlers_;
  std::function<std::string(std::string_view)> onBytes_;
  Dialect dialect_ = Dialect::typed;
  std::string id_;
  FrameSource* broker_ = nullptr;
  bool started_ = false;

  // The loop's thread alone.
  bool isConnected_ = false;
  bool brokerIsOurs_ = false;
  Clock::time_point lastBeat_{};
  RateLimit junk_;

  std::mutex mutex_;
  std::condition_variable hasTask_;
  std::deque<WorkerTask> tasks_;   // under mutex_
  std::deque<Multipart> replies_;  // under mutex_
  bool isHandling_ = false;        // under mutex_: a handler runs
  bool stopping_ = false;          // under mutex_

  ReactorLoop loop_;
  StoppableThread handling_;  // last: it ends before what it uses
};

}  // namespace dividere::detail

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
