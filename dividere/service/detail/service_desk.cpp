#include "service_desk.hpp"

#include <algorithm>
#include <utility>

#include "../../core/detail/options.hpp"
#include "../../messaging/detail/error_envelope.hpp"

namespace dividere::detail {

// How soon after a reply that was of no help the registry is asked again.
constexpr std::chrono::milliseconds kLookAgain{100};
// How long one look-up may take. A registry that comes only then is asked again.
constexpr std::chrono::milliseconds kLookUpLimit{5000};
// How long a call of all instances waits for the registry to say which there are, if some are known.
constexpr std::chrono::milliseconds kLookUpForAll{1000};
// Instances that go and come back are connected to within this time.
constexpr std::chrono::milliseconds kInstanceReconnect{100};
constexpr std::chrono::milliseconds kInstanceReconnectMax{1000};

constexpr const char* kNoOtherInstance = "the instance that had it is gone, and there is no other";
constexpr const char* kRefused =
    "no instance lets this program's key in, or has the key that it should; the log says which";

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
  requireOption(options.maxCalls > 0, "service::Client", "maxCalls must be positive");
  options.patience = clampedPeriod(options.patience);
  options.refresh = clampedPeriod(options.refresh);
  connection::SocketOptions& socket = options.socket;
  socket.reconnect = std::min<std::chrono::milliseconds>(socket.reconnect, kInstanceReconnect);
  socket.reconnectMax = std::min<std::chrono::milliseconds>(socket.reconnectMax, kInstanceReconnectMax);
  return options;
}

ServiceDesk::ServiceDesk(const std::string& who, std::string service, const service::ClientOptions& options)
    : CallDesk("service::Client", who, options.socket.maxMessageBytes, options.maxCalls),
      service_(std::move(service)),
      options_(deskOptions(options)),
      link_(RegistryLink::to(who, options.registries)),
      instances_(service_, options_.maxInstances, loop(), *this, options_.socket) {
  inbox_->desk = this;
  loop().post([this] { lookUpNow(); });
  start();
}

ServiceDesk::~ServiceDesk() {
  if (fork_.crossed()) return;
  {
    std::lock_guard<std::mutex> lock(inbox_->mutex);
    inbox_->desk = nullptr;
  }
  stop();
}

/// What to say of a call whose time is up, by what is known now.
CallOutcome ServiceDesk::outcomeInVain(const PendingCall& call) const {
  if (call.place() == Place::isGiven) return NoneInTime{};
  if (call.place() == Place::waitsAgain) return CallFailure{Errc::gaveUp, kNoOtherInstance};
  switch (knowledge_.load(std::memory_order_relaxed)) {
    case Knowledge::none: return CallFailure{Errc::noRegistry, {}};
    case Knowledge::noService: return CallFailure{Errc::noService, {}};
    case Knowledge::refused: return CallFailure{Errc::unauthorized, kRefused};
    case Knowledge::refusedByRegistry: return CallFailure{Errc::unauthorized, kRegistryRefuses};
    case Knowledge::instances: break;
  }
  return NoneInTime{};
}

// --- Instances, in the loop's thread ---

bool ServiceDesk::isReady(Clock::time_point now) { return now - lookedUpAt_ < options_.refresh; }

void ServiceDesk::callsHaveCome(Clock::time_point now) {
  if (now - lookedUpAt_ >= options_.refresh) lookUp(now);
}

Responder* ServiceDesk::choose(const PendingCall&, const Responder* butNot) { return instances_.choose(butNot); }

void ServiceDesk::lacksResponder() {
  if (!instances_.hasAny()) lookUp(lookedUpAt_ + kLookAgain);
}

void ServiceDesk::changed(Responder& responder) {
  static_cast<Instance&>(responder).isLeaving = false;
  const bool isRefused = !responder.remote->isUp() && instances_.areAllRefused();
  if (!instances_.isEmpty()) knowledge_.store(isRefused ? Knowledge::refused : Knowledge::instances);
  if (isRefused) endHopeless(Clock::now());
}

void ServiceDesk::wasLost() {
  instances_.prune();
  lookUp(Clock::now());
}

bool ServiceDesk::isHandedBack(Responder& responder, std::string_view reply) {
  if (!isStoppingNotice(reply)) return false;
  static_cast<Instance&>(responder).isLeaving = true;
  loop().post([this] { lookUp(Clock::now()); });  // which may end calls
  return true;
}

void ServiceDesk::hasKeptSilent(Responder&) { lookUp(Clock::now()); }

void ServiceDesk::isUnused(Responder& responder) {
  // Not in a visitor's thread.
  if (!static_cast<Instance&>(responder).isListed) loop().post([this] { instances_.prune(); });
}

bool ServiceDesk::mayGiveAgain(const PendingCall& call, CallFailure& whyNot) {
  if (call.isRepeatable() && call.attempts() <= options_.resends) return true;
  whyNot = {Errc::gaveUp, "instances died with it: " + std::to_string(call.attempts())};
  return false;
}

// --- Calling all ---

std::vector<CallDesk::CallPtr> ServiceDesk::beginAll(const CallPtr& model, const Interrupt* interrupt) {
  requireWaitable();
  const auto all = std::make_shared<CallOfAll>();
  all->model = model;
  postBeforeEnd([this, all] {
    callsOfAll_.push_back(all);
    if (!isLookingUp_) lookUpNow();
    // By then with those that are known: the registry may be gone.
    loop().after(kLookUpForAll, [this] {
      if (!instances_.isEmpty()) beginAllNow();
    });
  });
  if (!all->done.wait(model->terms().deadline.unless(interrupt))) model->end(CallFailure{Errc::cancelled, {}});
  const bool isDone = all->done.isOpen();
  if (isDone && !all->calls.empty()) return all->calls;
  if (isDone && isStopped()) throw Error(Errc::stopping, who());
  failUnknown();
}

/// Says why nothing is known of the service.
void ServiceDesk::failUnknown() const {
  const Knowledge knowledge = knowledge_;
  if (knowledge == Knowledge::refused) throw Error(Errc::unauthorized, who() + ": " + kRefused);
  if (knowledge == Knowledge::refusedByRegistry) throw Error(Errc::unauthorized, who() + ": " + kRegistryRefuses);
  throw Error(knowledge == Knowledge::noService ? Errc::noService : Errc::noRegistry, who());
}

void ServiceDesk::beginAllNow() {
  for (const auto& all : std::exchange(callsOfAll_, {})) {
    if (all->model->hasEnded() || all->model->terms().deadline.passed()) continue;  // nobody waits for it any more
    instances_.forEach([&](Instance& each) { all->calls.push_back(beginAt(each, all->model)); });
    const std::vector<CallPtr> calls = all->calls;
    all->done.open();
    if (!all->model->hasEnded()) continue;
    for (const CallPtr& call : calls) cancel(call);  // nobody may have seen that they were begun
  }
}

void ServiceDesk::hasEnded() {
  for (const auto& all : std::exchange(callsOfAll_, {})) all->done.open();
}

// --- Looking the service up ---

/// Looks it up once that time has come, unless that is under way already.
void ServiceDesk::lookUp(Clock::time_point earliest) {
  lookUpAt_ = std::min(lookUpAt_, earliest);
  attendToWhatIsDue();
}

void ServiceDesk::lookUpNow() {
  isLookingUp_ = true;
  lookUpAt_ = Clock::time_point::max();
  ServiceLookupReq request;
  request.name = service_;
  request.all = true;
  link_->ask(sealEnvelope(request.kType, request.encode()), Deadline::in(kLookUpLimit),
             [inbox = inbox_](Questions::Outcome outcome, Frame* frame) {
               const auto reply = frame ? lookUpReplyIn(*frame) : std::nullopt;
               std::lock_guard<std::mutex> lock(inbox->mutex);
               ServiceDesk* const desk = inbox->desk;
               const bool isRefused = outcome == Questions::Outcome::refused;
               if (desk) desk->loop().post([desk, reply, isRefused] { desk->lookedUp(reply, isRefused); });
             });
}

void ServiceDesk::lookedUp(const std::optional<ServiceLookupRep>& reply, bool isRefused) {
  isLookingUp_ = false;
  lookedUpAt_ = Clock::now();
  if (reply) instances_.list(*reply, lookedUpAt_);
  instances_.prune();
  const Knowledge knowledge = instances_.areAllRefused() ? Knowledge::refused
                              : !instances_.isEmpty()    ? Knowledge::instances
                              : isRefused                ? Knowledge::refusedByRegistry
                              : reply                    ? Knowledge::noService
                                                         : Knowledge::none;
  knowledge_.store(knowledge, std::memory_order_relaxed);
  if (reply || (isRefused && instances_.isEmpty())) beginAllNow();
  handOut();
  attendToWhatIsDue();
}

ServiceDesk::Clock::time_point ServiceDesk::doWhatIsDue(Clock::time_point now) {
  // However often it is asked for: many calls have one reason.
  const auto lookUpAt = std::max(lookUpAt_, lookedUpAt_ + kLookAgain);
  if (lookUpAt <= now && !isLookingUp_) lookUpNow();
  endHopeless(now);
  return std::min(isLookingUp_ ? Clock::time_point::max() : lookUpAt, nextEnd(now));
}

void ServiceDesk::endHopeless(Clock::time_point now) {
  endWaiting([&](const PendingCall& call) { return isHopeless(call, now); });
}

/// Whether it has waited long enough for instances where there are none: since the registry knows of none, or one died.
bool ServiceDesk::isHopeless(const PendingCall& call, Clock::time_point now) const {
  const Knowledge knowledge = knowledge_;
  if (knowledge == Knowledge::refused || knowledge == Knowledge::refusedByRegistry) return true;
  if (now - call.waitsSince() < options_.patience) return false;
  if (call.place() == Place::waitsAgain) return !instances_.hasAny();
  return knowledge == Knowledge::noService && lookedUpAt_ >= call.waitsSince();
}

/// When the next of the waiting calls may become hopeless.
ServiceDesk::Clock::time_point ServiceDesk::nextEnd(Clock::time_point now) const {
  auto next = Clock::time_point::max();
  forEachWaiting([&](const PendingCall& call) {
    const auto end = call.waitsSince() + options_.patience;
    if (end > now) next = std::min(next, end);
  });
  return next;
}

}  // namespace dividere::detail
