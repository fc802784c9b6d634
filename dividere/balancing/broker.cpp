#include "broker.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>

#include "../connection/detail/router.hpp"
#include "../core/detail/fork.hpp"
#include "../core/detail/log_line.hpp"
#include "../core/detail/options.hpp"
#include "../messaging/detail/error_envelope.hpp"
#include "../reactor/detail/reactor_loop.hpp"
#include "detail/frame_source.hpp"
#include "detail/request_book.hpp"
#include "detail/worker_roster.hpp"

namespace dividere::detail {

using balancing::BrokerOptions;
using balancing::BrokerStats;
using namespace std::chrono_literals;

/// The numbers of a Broker, so that whoever looks finds them adding up.
class BrokerLedger {
 public:
  template <class Change>
  void change(const Change& change) {
    std::lock_guard<std::mutex> lock(mutex_);
    change(stats_);
  }

  void setWorkers(std::size_t count) {
    std::lock_guard<std::mutex> lock(mutex_);
    stats_.workers = count;
    changed_.notify_all();
  }

  BrokerStats stats() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return stats_;
  }

  bool waitForWorkers(std::size_t n, const Deadline& deadline) const {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_until(lock, deadline.when(), [&] { return stats_.workers >= n; });
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  BrokerStats stats_;
};

/// Throws if nothing could be made of them.
BrokerOptions sound(BrokerOptions options) {
  const auto require = [](bool met, const char* says) { requireOption(met, "balancing::Broker", says); };
  require(options.heartbeat > 0ms, "heartbeat is to be more than nothing");
  require(options.liveness >= 1, "liveness is to be at least 1");
  require(options.maxAttempts >= 1, "maxAttempts is to be at least 1");
  require(options.maxWait >= 0ms, "maxWait is not to be negative");
  require(options.handlerDeadline >= 0ms, "handlerDeadline is not to be negative");
  require(options.silentHandlerLimit >= 0ms, "silentHandlerLimit is not to be negative");
  for (auto* period : {&options.heartbeat, &options.maxWait, &options.handlerDeadline, &options.silentHandlerLimit}) {
    *period = reckonable(*period);
  }
  options.liveness = std::min(options.liveness, 1000000);
  return options;
}

/// How often to look at the time: four times in the shortest of the periods that somebody waits for.
std::chrono::milliseconds tickOf(const BrokerOptions& options) {
  auto shortest = options.heartbeat;
  for (const auto limit : {options.maxWait, options.handlerDeadline}) {
    if (limit > 0ms) shortest = std::min(shortest, limit);
  }
  return std::max(shortest / 4, 1ms);
}

class BrokerCore {
 public:
  BrokerCore(std::uint16_t frontPort, std::uint16_t backPort, const BrokerOptions& options)
      : options_(sound(options)), tick_(tickOf(options_)), loop_("balancing::Broker") {
    auto front = makeRouter("balancing::Broker (front)", frontPort, connection::SocketOptions());
    auto back = makeRouter("balancing::Broker (back)", backPort, connection::SocketOptions());
    frontPort_ = front->port();
    backPort_ = back->port();
    // A worker that is killed is noticed by its connection, long before its silence.
    back->onEvent([this](const connection::SocketEvent& event) {
      if (event.type != connection::EventType::disconnected) return;
      loop_.post([this, connection = static_cast<int>(event.value)] { probeSoon(connection); });
    });
    front_ = listen(std::move(front),
                    {[this](Multipart& message) { onRequest(message); }, [this] { flushReplies(); }, nullptr});
    back_ =
        listen(std::move(back), {[this](Multipart& message) { onWorker(message); }, nullptr, [this] { buryGone(); }});
    lastTick_ = Clock::now();
    loop_.every(tick_, [this] { onTick(); });
    loop_.start();
  }

  void stop() {
    if (isOfOtherProcess()) return;
    loop_.post([this] { answerAllStopping(); });
    loop_.stop();
  }

  bool isOfOtherProcess() const { return fork_.crossed(); }
  BrokerStats stats() const { return ledger_.stats(); }
  bool waitForWorkers(std::size_t n, const Deadline& deadline) const { return ledger_.waitForWorkers(n, deadline); }
  std::uint16_t frontPort() const { return frontPort_; }
  std::uint16_t backPort() const { return backPort_; }

 private:
  using Clock = Deadline::Clock;
  using Entry = RequestBook::Entry;

  /// A reply on its way to a client that has no room for it yet.
  struct Outgoing {
    Multipart message;
    bool isError;
    std::string_view client() const { return message.frames().front().view(); }
  };

  FrameSource* listen(std::unique_ptr<Socket> socket, FrameHooks hooks) {
    auto source = std::make_unique<FrameSource>(std::move(socket), std::move(hooks));
    FrameSource* const made = source.get();
    loop_.add(std::move(source));
    return made;
  }

  // --- From clients ---

  void onRequest(Multipart& message) {
    std::vector<Frame>& frames = message.frames();
    if (frames.size() < 2) return countJunk("a client sent no payload");
    // Its reply comes back with the name of a worker in front.
    if (frames.size() >= Socket::kMostFrames) return countJunk("a client sent a message of too many frames");
    BrokerRequest request;
    request.size = message.bytes();
    request.payload = message.takePayload();
    if (frames.size() > 1 && isCorrelationId(frames[1].view())) request.correlation = frames[1].str();
    if (!request.correlation.empty()) {
      if (BrokerRequest* known = book_.findRetried(request.correlation)) {
        if (known->payload.view() == request.payload.view()) {
          known->route.swap(frames);  // the client may have connected anew
          return;
        }
        request.correlation.clear();  // no correlation id after all: part of a route that happens to be as long
      }
    }
    request.route.swap(frames);
    request.dialect = looksLikeEnvelope(request.payload.view()) ? Dialect::typed : Dialect::bytes;
    request.waiting = Clock::now();
    ledger_.change([](BrokerStats& stats) { ++stats.read, ++stats.waiting; });
    if (isStopping_) return answerWaiting(std::move(request), Errc::stopping, kStopping);
    if (!workerFor(request.dialect) && isFull(request.size)) {
      return answerWaiting(std::move(request), Errc::overloaded, "too many requests are waiting");
    }
    if (keepsTooMuchFor(request.client())) {
      return answerWaiting(std::move(request), Errc::overloaded, "the replies to earlier requests have not been taken");
    }
    const Dialect dialect = request.dialect;
    book_.add(std::move(request));
    dispatch(dialect);
  }

  bool isFull(std::size_t bytes) const {
    return book_.waitingCount() >= options_.maxWaiting || book_.waitingBytes() + bytes > options_.maxWaitingBytes;
  }

  bool keepsTooMuchFor(std::string_view client) const {
    if (unsentCount_ < options_.maxWaiting && unsentBytes_ <= options_.maxWaitingBytes) return false;
    return unsent_.find(client) != unsent_.end();
  }

  // --- To workers ---

  BrokerWorker* workerFor(Dialect dialect) const {
    BrokerWorker* worker = roster_.next(dialect);
    if (worker || dialect == Dialect::bytes || roster_.count(Dialect::typed) > 0) return worker;
    return roster_.next(Dialect::bytes);
  }

  void dispatchAll() {
    dispatch(Dialect::typed);
    dispatch(Dialect::bytes);
  }

  void dispatch(Dialect dialect) {
    while (book_.hasWaiting(dialect)) {
      BrokerWorker* worker = workerFor(dialect);
      if (!worker) return;
      give(book_.firstWaiting(dialect), *worker);
    }
  }

  // The worker gets the route as it is but for the client's id, in whose place stands the name of this attempt. Frames
  // are copied by reference: the originals stay for the next worker, should this one die.
  void give(Entry request, BrokerWorker& worker) {
    std::string token = tokens_.next();
    Multipart message;
    message.reserve(request->route.size() + 2);
    message.push(std::string_view(worker.id));
    message.push(std::string_view(token));
    for (std::size_t i = 1; i < request->route.size(); ++i) message.push(request->route[i].share());
    message.push(request->payload.share());
    const SendResult result = back_->trySend(message);
    if (result == SendResult::gone) return lose(worker);
    if (result == SendResult::full) {
      if (!worker.isBusy()) return bury(worker, "not taking anything");
      worker.capacity = worker.tokens.size();  // until it speaks of more again
      return roster_.relist(worker);
    }
    roster_.addToken(worker, token);
    book_.give(request, worker.id, std::move(token), Clock::now());
    ledger_.change([](BrokerStats& stats) { --stats.waiting, ++stats.inFlight; });
  }

  void ask(BrokerWorker& worker) {
    Signal signal{Signal::Kind::heartbeat, worker.dialect};
    signal.capacity = 1;  // says that this broker knows what this library adds
    Multipart message;
    message.push(std::string_view(worker.id));
    message.push(std::string_view(writeSignal(signal, "dividere broker")));
    worker.asked = Clock::now();
    ++worker.asksUnanswered;
    if (back_->trySend(message) == SendResult::gone) lose(worker);
  }

  // --- From workers ---

  void onWorker(Multipart& message) {
    std::vector<Frame>& frames = message.frames();
    if (frames.size() < 2) return countJunk("neither a reply nor a sign of life came from a worker");
    const std::string id = frames.front().str();
    if (frames.size() == 2) {
      onSignal(id, readSignal(frames[1].view()), connectionOf(frames[1]));
    } else {
      onReply(id, frames);
    }
  }

  void onSignal(const std::string& id, const Signal& signal, int connection) {
    if (signal.kind == Signal::Kind::none) return countJunk("neither a reply nor a sign of life came from a worker");
    BrokerWorker* worker = roster_.find(id);
    // A byte worker may register after each reply, for the sake of the Python broker: by the same connection that is
    // but a sign of life. By another one, whatever was sent by the former is gone.
    const bool isElsewhere = worker && worker->connection != connection;
    const bool bothKnown = worker && worker->connection >= 0 && connection >= 0;
    const bool isAnew =
        signal.isRegistration || (isElsewhere && (bothKnown || signal.kind == Signal::Kind::registration));
    // It has answered all it will of what it was given.
    if (worker && (signal.isGoodbye || isAnew)) takeBackAll(*worker, signal.isGoodbye);
    if (signal.isGoodbye) {
      if (worker) forget(*worker);
      return dispatchAll();
    }
    if (!worker) worker = &welcome(id, signal.dialect);
    if (isAnew) {
      worker->isGone = false;
      worker->asksUnanswered = 0;
    }
    worker->connection = connection;
    worker->heard = Clock::now();
    // An old byte worker only answers; one that speaks up unasked does so while it works, too.
    const bool isUnasked = signal.kind == Signal::Kind::heartbeat && worker->asksUnanswered == 0;
    if (signal.capacity > 0 || (signal.dialect == Dialect::bytes && isUnasked)) worker->beatsWhileBusy = true;
    if (!isUnasked && worker->asksUnanswered > 0) --worker->asksUnanswered;
    if (signal.capacity > 0) worker->capacity = signal.capacity;
    roster_.relist(*worker);
    dispatchAll();
  }

  void onReply(const std::string& id, std::vector<Frame>& frames) {
    BrokerWorker* worker = roster_.find(id);
    const bool isReply = AttemptToken::isOurs(frames[1].view());
    if (!isReply) countJunk("what came from a worker answers no request");
    if (!worker) {
      if (!isReply) return;
      worker = &welcome(id, looksLikeEnvelope(frames.back().view()) ? Dialect::typed : Dialect::bytes);
      worker->connection = connectionOf(frames[1]);
    }
    worker->heard = Clock::now();
    if (!isReply) return;
    Entry request;
    if (book_.findGiven(frames[1].str(), id, request)) {
      roster_.removeToken(*worker, request->token);
      const bool wasAnswered = request->isAnswered;
      BrokerRequest answered = book_.remove(request);
      if (wasAnswered) {
        ledger_.change([](BrokerStats& stats) { ++stats.late; });
      } else {
        deliver(answered, std::move(frames.back()));
      }
    } else {
      ledger_.change([](BrokerStats& stats) { ++stats.late; });
    }
    dispatchAll();
  }

  BrokerWorker& welcome(const std::string& id, Dialect dialect) {
    BrokerWorker& worker = roster_.add(id, dialect);
    ledger_.setWorkers(roster_.count());
    return worker;
  }

  void forget(BrokerWorker& worker) {
    roster_.remove(worker);
    ledger_.setWorkers(roster_.count());
  }

  /// What this worker has goes to others. It died, if it did, of the first one: the rest it had not begun.
  void takeBackAll(BrokerWorker& worker, bool inPeace) {
    const std::vector<std::string> tokens = worker.tokens;
    for (auto token = tokens.rbegin(); token != tokens.rend(); ++token) {  // each goes to the head of the queue
      takeBack(worker, *token, inPeace || *token != tokens.front());
    }
  }

  void takeBack(BrokerWorker& worker, const std::string& token, bool isBlameless) {
    Entry request;
    roster_.removeToken(worker, token);
    if (!book_.findGiven(token, worker.id, request)) return;
    if (request->isAnswered) {
      book_.remove(request);
    } else if (!isBlameless && ++request->deaths >= options_.maxAttempts) {
      const int deaths = request->deaths;
      fail(book_.remove(request), Errc::gaveUp, std::to_string(deaths) + " workers died with the request");
    } else {
      book_.takeBack(request, Clock::now());
      ledger_.change([](BrokerStats& stats) { --stats.inFlight, ++stats.waiting, ++stats.redispatched; });
    }
  }

  // Nothing can be sent to it any more, but what it said before it went, a reply or a goodbye, may not be read yet.
  void lose(BrokerWorker& worker) {
    if (worker.isGone) return;
    worker.isGone = true;
    worker.lost = Clock::now();
    roster_.relist(worker);
    gone_.push_back(worker.id);
  }

  void buryGone() {
    if (gone_.empty()) return;
    std::vector<std::string> ids;
    ids.swap(gone_);
    for (const std::string& id : ids) {
      BrokerWorker* worker = roster_.find(id);
      if (worker && worker->isGone) bury(*worker, "gone");
    }
    dispatchAll();
  }

  void bury(BrokerWorker& worker, const char* why) {
    const bool wasBusy = worker.isBusy();
    takeBackAll(worker, false);
    forget(worker);
    log(LogLevel::info, kWho,
        std::string("a worker is ") + why + (wasBusy ? "; its request goes to another" : "; it was idle"));
  }

  // --- To clients ---

  void deliver(BrokerRequest& request, Frame&& payload) {
    // A byte-level client would take an error for its answer, unless it put a correlation frame in front.
    if (request.dialect == Dialect::bytes && isErrorEnvelope(payload.view())) {
      if (request.correlation.empty()) return countOutcome(true);
      return sendToClient(request, std::move(payload), true);
    }
    sendToClient(request, std::move(payload), request.dialect == Dialect::typed && isErrorEnvelope(payload.view()));
  }

  void fail(BrokerRequest&& request, Errc code, const std::string& text) {
    if (request.dialect == Dialect::bytes && request.correlation.empty()) return countOutcome(true);
    sendToClient(request, Frame(std::string_view(errorEnvelope(Error(code, text)))), true);
  }

  void answerWaiting(BrokerRequest&& request, Errc code, const std::string& text) {
    ledger_.change([](BrokerStats& stats) { --stats.waiting, ++stats.inFlight; });
    fail(std::move(request), code, text);
  }

  void sendToClient(BrokerRequest& request, Frame&& payload, bool isError) {
    Outgoing outgoing{Multipart(std::move(request.route)), isError};
    outgoing.message.push(std::move(payload));
    const std::string_view client = outgoing.client();
    if (unsent_.find(client) == unsent_.end()) {
      if (trySend(outgoing)) return;
    } else if (keepsTooMuchFor(client)) {
      drops_.log(LogLevel::warning, kWho, "a reply was dropped: its client takes none");
      return countOutcome(isError);
    }
    ++unsentCount_;
    unsentBytes_ += outgoing.message.bytes();
    unsent_[std::string(client)].push_back(std::move(outgoing));
  }

  /// Whether it is done with: sent, or its client gone.
  bool trySend(Outgoing& outgoing) {
    bool isDone = false;
    // In one: who has its outcome finds it counted.
    ledger_.change([&](BrokerStats& stats) {
      isDone = front_->socket().trySend(outgoing.message) != SendResult::full;
      if (isDone) count(stats, outgoing.isError);
    });
    return isDone;
  }

  void countOutcome(bool isError) {
    ledger_.change([&](BrokerStats& stats) { count(stats, isError); });
  }

  static void count(BrokerStats& stats, bool isError) { --stats.inFlight, ++(isError ? stats.errors : stats.replied); }

  void flushReplies() {
    for (auto queue = unsent_.begin(); queue != unsent_.end();) {
      auto& replies = queue->second;
      while (!replies.empty()) {
        const std::size_t bytes = replies.front().message.bytes();
        if (!trySend(replies.front())) break;
        replies.pop_front();
        --unsentCount_;
        unsentBytes_ -= bytes;
      }
      queue = replies.empty() ? unsent_.erase(queue) : std::next(queue);
    }
  }

  void answerAllStopping() {
    isStopping_ = true;
    for (BrokerRequest& request : book_.takeInFlight()) {
      if (!request.isAnswered) fail(std::move(request), Errc::stopping, kStopping);
    }
    for (BrokerRequest& request : book_.takeWaiting()) answerWaiting(std::move(request), Errc::stopping, kStopping);
    flushReplies();
  }

  // --- Time ---

  void onTick() {
    const auto now = Clock::now();
    const auto pause = now - lastTick_ - tick_;
    lastTick_ = now;
    if (pause > options_.heartbeat) {
      forgive(pause);
    } else {
      lookAfterWorkers(now);
      endOverdue(now);
    }
    flushReplies();
    if (!unsent_.empty()) front_->lookAgain();
    dispatchAll();
  }

  // This process was stopped for a while: nobody else was silent or late meanwhile, and what they sent is yet to be read.
  void forgive(Clock::duration pause) {
    for (auto& [id, worker] : roster_.all()) worker.heard += pause;
    book_.forgive(pause);
  }

  std::vector<std::string> workerIds() {
    std::vector<std::string> ids;  // a copy: those found dead are taken off the roster
    for (const auto& [id, worker] : roster_.all()) ids.push_back(id);
    return ids;
  }

  void lookAfterWorkers(Clock::time_point now) {
    for (const std::string& id : workerIds()) {
      BrokerWorker& worker = *roster_.find(id);
      // Others may send so much that the end of what has come is never seen; its own share has been read by now.
      if (worker.isGone && now - worker.lost > tick_) {
        bury(worker, "gone");
        continue;
      }
      const auto silence = now - worker.heard;
      const bool cannotSpeak = worker.isBusy() && !worker.beatsWhileBusy;
      const auto limit = cannotSpeak ? std::max(options_.silentHandlerLimit, silenceLimit()) : silenceLimit();
      if (silence > limit) {
        bury(worker, "silent");
      } else if (silence >= options_.heartbeat && now - worker.asked >= options_.heartbeat && !cannotSpeak) {
        ask(worker);
      }
    }
  }

  std::chrono::milliseconds silenceLimit() const { return reckonable(options_.heartbeat * (1 + options_.liveness)); }

  void endOverdue(Clock::time_point now) {
    BrokerRequest overdue;
    while (options_.maxWait > 0ms && book_.takeOverdue(now - options_.maxWait, overdue)) {
      const bool anyWorker =
          roster_.count(overdue.dialect) > 0 || (overdue.dialect == Dialect::typed && roster_.count() > 0);
      answerWaiting(std::move(overdue), anyWorker ? Errc::overloaded : Errc::noWorker,
                    "the request has waited too long");
    }
    if (options_.handlerDeadline == 0ms) return;
    for (BrokerRequest& request : book_.inFlight()) {
      if (request.isAnswered || now - request.given <= options_.handlerDeadline) continue;
      BrokerRequest told;  // the entry stays, so that the worker is known to be at it
      told.dialect = request.dialect;
      told.correlation = request.correlation;
      told.route.swap(request.route);
      book_.forgetCorrelation(request);
      request.isAnswered = true;
      fail(std::move(told), Errc::deadlinePassed, "the worker has not answered in time");
    }
  }

  // The end of the connection is announced a moment before the socket forgets its peer.
  void probeSoon(int connection) {
    probe(connection);
    for (auto delay : {1ms, 2ms, 5ms, 10ms, 20ms, 50ms, 200ms})
      loop_.after(delay, [this, connection] { probe(connection); });
  }

  // Sending to it is how to learn whether it is there: the connection's number may be another one's by now.
  void probe(int connection) {
    back_->socket().refresh();
    for (const std::string& id : workerIds()) {
      BrokerWorker& worker = *roster_.find(id);
      if (worker.connection == connection || worker.connection < 0) ask(worker);
    }
    dispatchAll();
  }

  void countJunk(const char* what) {
    ledger_.change([](BrokerStats& stats) { ++stats.junk; });
    junk_.log(LogLevel::warning, kWho, what);
  }

  static constexpr const char* kWho = "balancing::Broker";
  static constexpr const char* kStopping = "the broker is being stopped";

  // Constant after construction.
  const BrokerOptions options_;
  const std::chrono::milliseconds tick_;
  const ForkGuard fork_;
  std::uint16_t frontPort_ = 0, backPort_ = 0;

  // The loop's thread alone, which owns the sockets.
  FrameSource* front_ = nullptr;
  FrameSource* back_ = nullptr;
  RequestBook book_;
  WorkerRoster roster_;
  AttemptToken tokens_;
  std::map<std::string, std::deque<Outgoing>, std::less<>> unsent_;  // by client
  std::size_t unsentCount_ = 0, unsentBytes_ = 0;
  std::vector<std::string> gone_;  // workers to be buried once all that they sent is read
  bool isStopping_ = false;
  Clock::time_point lastTick_{};
  RateLimit junk_, drops_;

  BrokerLedger ledger_;
  ReactorLoop loop_;  // last: it ends before what it uses
};

}  // namespace dividere::detail

namespace dividere::balancing {

Broker::Broker(std::uint16_t frontPort, std::uint16_t backPort, const BrokerOptions& options)
    : core_(std::make_unique<detail::BrokerCore>(frontPort, backPort, options)) {}

Broker::~Broker() {
  core_->stop();
  // In a forked child other threads may have held its locks, or waited for its news, when the fork came.
  if (core_->isOfOtherProcess()) core_.release();
}

void Broker::stop() { core_->stop(); }

BrokerStats Broker::stats() const { return core_->stats(); }

std::uint16_t Broker::frontPort() const { return core_->frontPort(); }

std::uint16_t Broker::backPort() const { return core_->backPort(); }

bool Broker::waitForWorkers(std::size_t n, std::chrono::milliseconds timeout) const {
  return core_->waitForWorkers(n, detail::Deadline::in(timeout));
}

}  // namespace dividere::balancing
