#include "call_desk.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/options.hpp"
#include "../../messaging/detail/error_envelope.hpp"

namespace dividere::detail {

// How soon after a reply that was of no help the registry is asked again.
constexpr std::chrono::milliseconds kLookAgain{100};
// How long one look-up may take. A registry that comes only then is asked again.
constexpr std::chrono::milliseconds kLookUpLimit{5000};
// Instances that go and come back are connected to within this time.
constexpr std::chrono::milliseconds kInstanceReconnect{100};
constexpr std::chrono::milliseconds kInstanceReconnectMax{1000};

constexpr const char* kNoOtherInstance = "the instance that had it is gone, and there is no other";

/// Whether the instance says that it is stopping: then no handler has had the request.
static bool isStoppingNotice(std::string_view bytes) {
  const auto told = readErrorEnvelope(bytes);
  return told && told->code == static_cast<std::uint32_t>(Errc::stopping);
}

/// What the registry says; nothing if it says no such thing.
static std::optional<ServiceLookupRep> lookUpReplyIn(const Frame& frame) {
  try {
    const Envelope envelope = openEnvelope("service::Client: look up", frame.view());
    std::optional<ServiceLookupRep> reply(std::in_place);
    if (envelope.type == reply->kType && reply->decode(envelope.payload)) return reply;
  } catch (const Error&) {
  }
  return std::nullopt;
}

static service::ClientOptions deskOptions(service::ClientOptions options) {
  requireOption(options.maxInstances > 0, "service::Client", "maxInstances must be positive");
  options.patience = clampedPeriod(options.patience);
  options.refresh = clampedPeriod(options.refresh);
  connection::SocketOptions& socket = options.socket;
  socket.reconnect = std::min<std::chrono::milliseconds>(socket.reconnect, kInstanceReconnect);
  socket.reconnectMax = std::min<std::chrono::milliseconds>(socket.reconnectMax, kInstanceReconnectMax);
  return options;
}

CallDesk::CallDesk(std::string service, const service::ClientOptions& options)
    : service_(std::move(service)),
      options_(deskOptions(options)),
      link_(RegistryLink::to("service::Client '" + service_ + "'", options.registries)),
      instances_(service_, options_.maxInstances, loop_, *this, options_.socket) {
  inbox_->desk = this;
  loop_.post([this] { lookUpNow(); });
  loop_.start();
}

CallDesk::~CallDesk() { stop(); }

void CallDesk::stop() {
  if (fork_.crossed()) return;
  {
    std::lock_guard<std::mutex> lock(inbox_->mutex);
    inbox_->desk = nullptr;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    loop_.post([this] { endAll(); });
  }
  loop_.stop();
}

// --- Making a call ---

void CallDesk::make(const std::shared_ptr<AwaitedCall>& call, const Deadline& deadline) {
  fork_.require("service::Client");
  const Waker& waker = Waker::ofThisThread();  // throws, if at all, before anything is begun
  if (Instance* const own = begin(call)) {
    attend(*own, *call, waker, deadline);
  } else {
    call->wait(deadline);
  }
  if (!call->hasEnded()) giveUp(call);
}

/// Gives the call out in this thread, which saves waking another one, or has the loop do it. Returns the instance that
/// this thread is to attend to; null if the loop brings the outcome.
Instance* CallDesk::begin(const CallPtr& call) {
  {
    const ReactorLoop::Visit visit(loop_);
    Instance* const instance = visit ? giveAtOnce(call) : nullptr;
    if (instance) return takeOverIfAlone(*instance);
  }
  post(call);
  return nullptr;
}

/// Null if something else has to be done first, or no instance is there.
Instance* CallDesk::giveAtOnce(const CallPtr& call) {
  if (isOver_ || !waiting_.empty() || Clock::now() - lookedUpAt_ >= options_.refresh) return nullptr;
  Instance* const instance = instances_.choose();
  return instance && give(call, *instance) ? instance : nullptr;
}

/// An instance that has no other call than this thread's needs no other thread. Null if it has.
Instance* CallDesk::takeOverIfAlone(Instance& instance) {
  const bool isAlone = instance.calls == 1 && !instance.isAttended;
  if (isAlone) {
    instance.isAttended = true;
    loop_.setWakes(*instance.remote, false);
  }
  loop_.giveTurn(*instance.remote);
  return isAlone ? &instance : nullptr;
}

void CallDesk::post(const CallPtr& call) {
  // Under the lock: what is posted before stop() comes before its end of all calls.
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) throw Error(Errc::stopping, "service::Client");
  loop_.post([this, call] {
    const auto now = Clock::now();
    call->waitFrom(now);
    waiting_.push_back(call);
    if (now - lookedUpAt_ >= options_.refresh) lookUp(now);
    handOut();
  });
}

/// Does what the loop would for this instance, until the call has ended or the deadline.
void CallDesk::attend(Instance& instance, AwaitedCall& call, const Waker& waker, const Deadline& deadline) {
  const int descriptor = instance.descriptor;
  for (;;) {
    call.addWaker(waker.fd());
    pollfd waits[] = {{descriptor, POLLIN, 0}, {waker.fd(), POLLIN, 0}};
    ::poll(waits, 2, deadline.pollTimeout());
    call.removeWaker(waker.fd());  // or to bring the reply would wake this thread
    if (waits[1].revents) waker.drain();
    const ReactorLoop::Visit visit(loop_);
    if (!visit) break;
    // Once it is over there is no instance, nor its descriptor.
    if (!isOver_) loop_.giveTurn(*instance.remote);
    if (!call.hasEnded() && !isOver_ && !deadline.passed()) continue;
    return leave(instance);
  }
  loop_.post([this, &instance] { leave(instance); });
  call.wait(deadline);
}

/// The instance, which a call's thread attended to, is the loop's again.
void CallDesk::leave(Instance& instance) {
  if (isOver_) return;
  instance.isAttended = false;
  loop_.setWakes(*instance.remote, true);
  if (!instance.isListed) loop_.post([this] { instances_.prune(); });
}

/// What to say of a call whose time is up, by what is known now.
CallOutcome CallDesk::outcomeInVain(const PendingCall& call) const {
  if (call.place() == Place::isGiven) return NoneInTime{};
  if (call.place() == Place::waitsAgain) return CallFailure{Errc::gaveUp, kNoOtherInstance};
  switch (knowledge_.load(std::memory_order_relaxed)) {
    case Knowledge::none: return CallFailure{Errc::noRegistry, {}};
    case Knowledge::noService: return CallFailure{Errc::noService, {}};
    case Knowledge::instances: break;
  }
  return NoneInTime{};
}

void CallDesk::giveUp(const CallPtr& call) {
  if (call->end(outcomeInVain(*call))) loop_.post([this, call] { forget(call); });
}

/// Nobody waits for it any more. An instance that has it keeps silent.
void CallDesk::forget(const CallPtr& call) {
  waiting_.remove(call);
  const auto found = given_.find(call->id());
  if (found == given_.end()) return;
  Instance& instance = *found->second.instance;
  given_.erase(found);
  --instance.calls;
  instance.isSilent = true;
  lookUp(Clock::now());
}

// --- Giving calls to instances ---

void CallDesk::handOut() {
  while (!waiting_.empty()) {
    if (!waiting_.front()->hasEnded()) {
      Instance* const instance = instances_.choose();
      if (!instance || !give(waiting_.front(), *instance)) break;
    }
    waiting_.pop_front();
  }
  if (!waiting_.empty()) lookUp(lookedUpAt_ + kLookAgain);
}

bool CallDesk::give(const CallPtr& call, Instance& instance) {
  Frame request = call->request();
  std::string id = ids_.next();
  if (!instance.remote->ask(id, request)) return false;
  call->give(id);
  ++instance.calls;
  given_.emplace(std::move(id), Given{call, &instance});
  return true;
}

void CallDesk::remoteReplied(Remote& remote, std::string_view id, Frame& reply) {
  Instance* const instance = instances_.find(remote);
  if (!instance) return;
  instance->isSilent = false;
  const auto found = given_.find(id);
  // Nobody waits for it any more, or it was another instance that was asked.
  if (found == given_.end() || found->second.instance != instance) return;
  const CallPtr call = std::move(found->second.call);
  given_.erase(found);
  --instance->calls;
  const bool isStopping = isStoppingNotice(reply.view());
  if (isStopping) {
    instance->isLeaving = true;
    call->takeBack(false, Clock::now());
    waiting_.push_front(call);
  } else {
    call->end(std::move(reply));
  }
  handOut();
  if (isStopping) lookUp(Clock::now());
}

void CallDesk::remoteChanged(Remote& remote) {
  Instance* const instance = instances_.find(remote);
  if (!instance) return;
  instance->isLeaving = instance->isSilent = false;
  if (remote.isUp()) return handOut();
  takeBack(*instance);
  instances_.prune();
  handOut();
  lookUp(Clock::now());
}

/// What an instance that is gone had is for others, unless that has happened to it too often.
void CallDesk::takeBack(Instance& instance) {
  const auto now = Clock::now();
  std::list<CallPtr> calls;
  for (auto it = given_.begin(); it != given_.end();) {
    if (it->second.instance != &instance) {
      ++it;
      continue;
    }
    const CallPtr call = std::move(it->second.call);
    it = given_.erase(it);
    call->takeBack(true, now);
    if (call->attempts() <= options_.resends) {
      calls.push_back(call);
    } else {
      call->end(CallFailure{Errc::gaveUp, "instances died with it: " + std::to_string(call->attempts())});
    }
  }
  instance.calls = 0;
  waiting_.splice(waiting_.begin(), calls);
}

void CallDesk::endAll() {
  isOver_ = true;
  for (const CallPtr& call : std::exchange(waiting_, {})) call->end(CallFailure{Errc::stopping, {}});
  for (const auto& [id, each] : std::exchange(given_, {})) each.call->end(CallFailure{Errc::stopping, {}});
}

// --- Looking the service up ---

/// Looks it up once that time has come, unless that is under way already.
void CallDesk::lookUp(Clock::time_point earliest) {
  lookUpAt_ = std::min(lookUpAt_, earliest);
  doWhatIsDue();
}

void CallDesk::lookUpNow() {
  isLookingUp_ = true;
  lookUpAt_ = Clock::time_point::max();
  ServiceLookupReq request;
  request.name = service_;
  request.all = true;
  link_->ask(sealEnvelope(request.kType, request.encode()), Deadline::in(kLookUpLimit), [inbox = inbox_](Frame* frame) {
    const auto reply = frame ? lookUpReplyIn(*frame) : std::nullopt;
    std::lock_guard<std::mutex> lock(inbox->mutex);
    CallDesk* const desk = inbox->desk;
    if (desk) desk->loop_.post([desk, reply] { desk->lookedUp(reply); });
  });
}

void CallDesk::lookedUp(const std::optional<ServiceLookupRep>& reply) {
  isLookingUp_ = false;
  lookedUpAt_ = Clock::now();
  if (reply) instances_.list(*reply, lookedUpAt_);
  instances_.prune();
  const Knowledge knowledge = !instances_.isEmpty() ? Knowledge::instances
                              : reply               ? Knowledge::noService
                                                    : Knowledge::none;
  knowledge_.store(knowledge, std::memory_order_relaxed);
  handOut();
  doWhatIsDue();
}

/// And sets the alarm for what remains.
void CallDesk::doWhatIsDue() {
  const auto now = Clock::now();
  // However often it is asked for: many calls have one reason.
  const auto lookUpAt = std::max(lookUpAt_, lookedUpAt_ + kLookAgain);
  if (lookUpAt <= now && !isLookingUp_) lookUpNow();
  endHopeless(now);
  alarm_.set(std::min(isLookingUp_ ? Clock::time_point::max() : lookUpAt, nextEnd(now)));
}

void CallDesk::endHopeless(Clock::time_point now) {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!isHopeless(**it, now)) {
      ++it;
      continue;
    }
    const CallPtr call = *it;
    it = waiting_.erase(it);
    call->end(outcomeInVain(*call));
  }
}

/// Whether it has waited long enough for instances where there are none: since the registry knows of none, or one died.
bool CallDesk::isHopeless(const PendingCall& call, Clock::time_point now) const {
  if (now - call.waitsSince() < options_.patience) return false;
  if (call.place() == Place::waitsAgain) return !instances_.hasAny();
  return knowledge_ == Knowledge::noService && lookedUpAt_ >= call.waitsSince();
}

/// When the next of the waiting calls may become hopeless.
CallDesk::Clock::time_point CallDesk::nextEnd(Clock::time_point now) const {
  auto next = Clock::time_point::max();
  for (const CallPtr& call : waiting_) {
    const auto end = call->waitsSince() + options_.patience;
    if (end > now) next = std::min(next, end);
  }
  return next;
}

}  // namespace dividere::detail
