#include "broker_line.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "../../messaging/detail/error_envelope.hpp"
#include "client_words.hpp"
#include "worker_offers.hpp"

namespace dividere::detail {

BrokerLine::BrokerLine(ReactorLoop& loop, LineTasks tasks, const std::string& endpoint,
                       const balancing::WorkerOptions& options, Dialect dialect, HandlerTable& handlers)
    : loop_(loop),
      tasks_(tasks),
      options_(options),
      dialect_(dialect),
      handlers_(handlers),
      late_(std::make_shared<LateReplies>(loop, *this)),
      source_(open(endpoint)) {}

FrameSource& BrokerLine::open(const std::string& endpoint) {
  connection::SocketOptions options;
  options.reconnectMax = std::max(options.reconnect, std::min(options.reconnectMax, options_.heartbeat / 2));
  auto socket = std::make_unique<Socket>(kWorker, ZMQ_DEALER, options);
  id_ = socket->takeRandomName();
  socket->onEvent([this](const connection::SocketEvent& event) { onEvent(event); });
  socket->connectOnceFound(endpoint);
  FrameHooks hooks;
  hooks.onMessage = [this](Multipart& message) { onMessage(message); };
  hooks.onTurn = [this] { flushReplies(); };
  auto source = std::make_unique<FrameSource>(std::move(socket), std::move(hooks));
  FrameSource& made = *source;
  loop_.add(std::move(source));
  return made;
}

/// In the watcher's thread.
void BrokerLine::onEvent(const connection::SocketEvent& event) {
  // With each new connection: the broker may be another one, which does not know us.
  if (event.type == connection::EventType::handshakeSucceeded) loop_.post([this] { introduce(); });
  if (event.type == connection::EventType::disconnected) loop_.post([this] { wasLost(); });
}

void BrokerLine::wasLost() {
  isConnected_ = false;
  cutOff();
}

// What was sent last by the former connection may be lost: a stream goes on with no gap, so it ends. The broker has it begun
// anew, or tells its client.
void BrokerLine::cutOff() {
  tasks_.cutOffRunning();
  late_->cutOff();
}

void BrokerLine::introduce() {
  isConnected_ = true;
  isOurs_ = vouches_ = hasTold_ = owesBeat_ = false;
  features_ = 0;
  cutOff();
  tasks_.clear();  // a broker gives what it had sent by the former connection to others
  Signal registration = signal(Signal::Kind::registration);
  registration.isRegistration = true;
  say(registration);
  // Unasked, it tells a broker of this library that signs of life go on while a handler runs.
  if (dialect_ == Dialect::bytes) beat();
}

void BrokerLine::onMessage(Multipart& message) {
  if (message.isEmpty()) return onSignal(Signal(), Frame());
  if (message.size() < 2) return onSignal(readSignal(message.payload().view()), message.payload());
  if (isWord(message)) return onWord(message);
  WorkerTask task;
  task.payload = message.takePayload();
  task.route.swap(message.frames());
  takeCaller(task);
  if (AttemptToken::isOurs(task.route.front().view())) isOurs_ = true;
  if (dialect_ == Dialect::typed) readTerms(task);
  tasks_.add(std::move(task));
}

// Only where the broker's key is known, and the broker has said that it is one that vouches: others hand on what a client
// has made up.
void BrokerLine::takeCaller(WorkerTask& task) const {
  const Frame& first = task.route.front();
  if (!vouches_ || !AttemptToken::isOursWithCaller(first.view())) return;
  const std::string_view token = first.view().substr(0, AttemptToken::kLength);
  task.caller = std::make_shared<const Peer>(readCaller(first.view().substr(AttemptToken::kLength)));
  task.route.front() = Frame(token);
}

bool BrokerLine::isWord(const Multipart& message) {
  return message.size() == 3 && AttemptToken::isOurs(message.frames().front().view()) &&
         readClientWord(message.frames().back().view()).kind != ClientWord::Kind::none;
}

// The broker drops the reply, but learns from it that there is room again.
void BrokerLine::onWord(Multipart& message) {
  const std::string token = message.frames().front().str();
  const ClientWord word = readClientWord(message.payload().view());
  if (word.kind == ClientWord::Kind::credit) {
    if (tasks_.addCredit(token, word.parts)) return;
    return late_->reachAll(token, [&](CallControl& control) { control.addCredit(word.parts); });
  }
  std::optional<WorkerTask> task = tasks_.take(token);
  if (task) return replyCancelled(std::move(task->route));
  if (!tasks_.cancelRunning(token)) late_->reachAll(token, [](CallControl& control) { control.cancel(); });
}

void BrokerLine::replyCancelled(std::vector<Frame>&& route) {
  Multipart message(std::move(route));
  message.push(std::string_view(errorEnvelope(Error(Errc::cancelled, "its caller waits no more"))));
  reply(std::move(message));
}

// Its time goes on while it waits here. A broker that knows no parts would take the first for the reply.
void BrokerLine::readTerms(WorkerTask& task) const {
  CallFields fields;
  readCallFields(task.payload.view(), fields);
  if ((features_ & kPartsFeature) == 0) fields.takesParts = false;
  task.terms = RequestTerms(fields);
}

void BrokerLine::onSignal(const Signal& signal, const Frame& frame) {
  if (signal.kind != Signal::Kind::heartbeat) {
    return junk_.log(LogLevel::warning, kWorker, "the broker sent neither a request nor a sign of life");
  }
  if (signal.capacity > 0) isOurs_ = true;
  if (signal.features > 0) features_ = signal.features;
  vouches_ = source_.socket().isSecured() && (features_ & kCallerFeature) != 0;
  owesBeat_ = !mayBeat();
  if (!owesBeat_) beat();
  if ((features_ & kDescribeFeature) != 0 && !hasTold_ && mayTell(frame)) tellOffer();
}

// It is the broker that tells others, by its own rule.
bool BrokerLine::mayTell(const Frame& frame) const {
  if (dialect_ == Dialect::bytes) return false;
  if (rule_ != DescribeRule::local) return rule_ == DescribeRule::all;
  return source_.socket().isSecured() || frame.isFromThisHost();
}

void BrokerLine::tellOffer() {
  Multipart message;
  message.push(std::string_view(writeOffer(handlers_)));
  hasTold_ = source_.trySend(message) == SendResult::sent;
}

void BrokerLine::beatIfDue() {
  if (!isConnected_ || !mayBeat()) return;
  if (owesBeat_ || Clock::now() - lastBeat_ >= options_.heartbeat * 3 / 2) beat();
}

void BrokerLine::beat() {
  owesBeat_ = false;
  lastBeat_ = Clock::now();
  say(signal(Signal::Kind::heartbeat));
}

Signal BrokerLine::signal(Signal::Kind kind) const {
  Signal made{kind, dialect_};
  made.capacity = options_.capacity;
  made.features = kCancelFeature | kPartsFeature | kCallerFeature;
  return made;
}

void BrokerLine::say(const Signal& signal) {
  Multipart message;
  message.push(std::string_view(writeSignal(signal, id_)));
  source_.trySend(message);  // if there is no room, there is no broker either
}

void BrokerLine::queue(Multipart&& message) {
  std::lock_guard<std::mutex> lock(mutex_);
  replies_.push_back(std::move(message));
}

void BrokerLine::reply(Multipart&& message) {
  queue(std::move(message));
  loop_.post([this] { flushReplies(); });
}

// Not sent under the lock: whoever takes the log may be told of something meanwhile, and stop the Worker.
void BrokerLine::flushReplies() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    std::move(replies_.begin(), replies_.end(), std::back_inserter(unsent_));
    replies_.clear();
  }
  while (!unsent_.empty() && trySend(unsent_.front())) unsent_.pop_front();
}

bool BrokerLine::trySend(Multipart& reply) {
  const bool isToOurs = AttemptToken::isOurs(reply.frames().front().view());
  // The Python broker takes a byte worker for busy until it registers again. Before its reply: the next request may come as
  // soon as the client has that, and one that comes while no worker is idle ends that broker.
  if (dialect_ == Dialect::bytes && !isToOurs) say(signal(Signal::Kind::registration));
  if (source_.trySend(reply) != SendResult::sent) return false;
  if (!isToOurs) lastBeat_ = Clock::now();  // it was a sign of life; another one could cross the next request
  return true;
}

// --- Requests that were left to Laters ---

Multipart BrokerLine::along(const connection::Route& route, Frame&& frame) {
  Multipart message;
  message.reserve(route.size() + 1);
  for (const std::string& step : route) message.push(std::string_view(step));
  message.push(std::move(frame));
  return message;
}

// At once: a sign of life that went before it would say that the worker is at nothing.
void BrokerLine::sendLate(const connection::Route& route, Frame& frame) {
  queue(along(route, std::move(frame)));
  flushReplies();
}

void BrokerLine::lateFailed(const connection::Route& route, const Error& error, bool tell) noexcept {
  handlers_.lateFailed(error);
  try {
    if (!tell) return;
    queue(along(route, Frame(std::string_view(errorEnvelope(error)))));
    flushReplies();
  } catch (const std::exception&) {
    // Longer than a message may be, or no memory: nobody can be told.
  }
}

// The broker learns that there is room again.
void BrokerLine::lateForgotten(const connection::Route& route) noexcept {
  try {
    std::vector<Frame> frames = std::move(along(route, Frame()).frames());
    frames.pop_back();
    replyCancelled(std::move(frames));
  } catch (const std::exception&) {
    // No memory.
  }
}

// By its goodbye, a broker of this library has others do what they may do.
void BrokerLine::endLate() {
  const auto left = isOurs_ ? LateReplies::Left::unrepeatable : LateReplies::Left::all;
  const std::string told = errorEnvelope(Error(Errc::stopping, kWorker));
  for (const connection::Route& route : late_->close(left)) reply(along(route, Frame(std::string_view(told))));
}

void BrokerLine::sayGoodbye() {
  endLate();
  flushReplies();
  if (!isOurs_) return;                                     // others would take it for a sign of life
  Signal goodbye{Signal::Kind::heartbeat, Dialect::typed};  // there is none in plain bytes
  goodbye.isGoodbye = true;
  say(goodbye);
}

}  // namespace dividere::detail
