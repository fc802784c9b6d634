#include "call_desk.hpp"

#include <poll.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "../../core/detail/fork.hpp"
#include "../../core/detail/log_line.hpp"
#include "../../core/detail/options.hpp"
#include "../../messaging/detail/error_envelope.hpp"
#include "../../registry/detail/own_address.hpp"

namespace dividere::detail {

using namespace std::chrono_literals;

// How soon after an answer that was of no help the registry is asked again.
constexpr auto kLookAgain = 100ms;
// How long one look-up may take; a registry that comes only then is asked again.
constexpr auto kLookUpLimit = 5000ms;
// Instances that go and come back are connected to within this time.
constexpr auto kInstanceReconnect = 100ms;
constexpr auto kInstanceReconnectMax = 1000ms;

/// Whether the peer says that it is stopping: then no handler has had the request.
bool isStoppingNotice(std::string_view bytes) {
  const auto told = readErrorEnvelope(bytes);
  return told && told->code == static_cast<std::uint32_t>(Errc::stopping);
}

/// What the registry says; nothing if it says no such thing.
std::optional<ServiceLookupRep> lookupReplyIn(const Frame& answer) {
  try {
    const Envelope envelope = openEnvelope("service::Client: look up", answer.view());
    std::optional<ServiceLookupRep> reply(std::in_place);
    if (envelope.type == reply->kType && reply->decode(envelope.payload)) return reply;
  } catch (const Error&) {
  }
  return std::nullopt;
}

CallDesk::CallDesk(std::string service, const service::ClientOptions& options)
    : service_(std::move(service)),
      options_([&options] {
        service::ClientOptions mine = options;
        requireOption(mine.maxInstances > 0, "service::Client", "maxInstances must be positive");
        mine.patience = clampedPeriod(mine.patience);
        mine.refresh = clampedPeriod(mine.refresh);
        mine.socket.reconnect = std::min<std::chrono::milliseconds>(mine.socket.reconnect, kInstanceReconnect);
        mine.socket.reconnectMax = std::min<std::chrono::milliseconds>(mine.socket.reconnectMax, kInstanceReconnectMax);
        return mine;
      }()),
      link_(RegistryLink::to("service::Client '" + service_ + "'", options.registries)) {
  inbox_->desk = this;
  loop_.post([this] { lookUpNow(); });
  loop_.start();
}

CallDesk::~CallDesk() { stop(); }

// --- Any thread ---

bool CallDesk::make(const std::shared_ptr<Call>& call, const Deadline& deadline) {
  fork_.require("service::Client");
  const Waker& waker = Waker::ofThisThread();  // throws, if at all, before anything is begun
  Instance* const own = begin(call);
  if (own ? attend(*own, *call, waker, deadline) : call->ended.wait(deadline)) return true;
  giveUp(call);
  return false;
}

/// Returns the instance that this thread is to attend to, null if the loop does that.
CallDesk::Instance* CallDesk::begin(const std::shared_ptr<Call>& call) {
  if (const auto begun = beginHere(call)) return *begun;
  // Under the lock: what is posted before stop() comes before its end of all calls.
  std::lock_guard<std::mutex> lock(mutex_);
  if (stopped_) throw Error(Errc::stopping, "service::Client");
  loop_.post([this, call] {
    call->begun = Clock::now();
    const bool isKnown =
        std::any_of(instances_.begin(), instances_.end(), [](const Instance& each) { return each.isListed; });
    if (isKnown) call->verdict = Call::Verdict::noAnswer;
    waiting_.push_back(call);
    if (call->begun - lookedUp_ >= options_.refresh) lookUp(call->begun);
    handOut();
  });
  return nullptr;
}

/// In the calling thread, which saves waking another one. Returns nothing if something else is to be done first, or no
/// instance is there; else as begin(): of an instance where this is the only call the same thread brings the answer.
std::optional<CallDesk::Instance*> CallDesk::beginHere(const std::shared_ptr<Call>& call) {
  const ReactorLoop::Visit visit(loop_);
  if (!visit || isOver_ || !waiting_.empty()) return std::nullopt;
  call->begun = Clock::now();
  if (call->begun - lookedUp_ >= options_.refresh) return std::nullopt;
  Instance* const instance = choose();
  if (!instance || !give(call, *instance)) return std::nullopt;
  const bool isOnlyCall = instance->calls == 1 && !instance->isAttended;
  if (isOnlyCall) {
    instance->isAttended = true;
    loop_.setWakes(*instance->remote, false);
  }
  loop_.giveTurn(*instance->remote);
  return isOnlyCall ? instance : nullptr;
}

/// Does what the loop would for this instance, until the call has ended.
bool CallDesk::attend(Instance& instance, Call& call, const Waker& waker, const Deadline& deadline) {
  const int descriptor = instance.descriptor;
  for (;;) {
    call.ended.addWaker(waker.fd());
    pollfd waits[] = {{descriptor, POLLIN, 0}, {waker.fd(), POLLIN, 0}};
    ::poll(waits, 2, deadline.pollTimeout());
    call.ended.removeWaker(waker.fd());  // or bringing the answer would wake this thread
    if (waits[1].revents) waker.drain();
    const ReactorLoop::Visit visit(loop_);
    if (!visit) {
      loop_.post([this, &instance] { leave(instance); });
      return call.ended.wait(deadline);
    }
    // Once it is over there is no instance, nor its descriptor.
    if (!isOver_) loop_.giveTurn(*instance.remote);
    const bool hasEnded = call.ended.isOpen();
    if (!hasEnded && !isOver_ && !deadline.passed()) continue;
    leave(instance);
    return hasEnded;
  }
}

/// The instance, which its caller attended to, is the loop's again.
void CallDesk::leave(Instance& instance) {
  if (isOver_) return;
  instance.isAttended = false;
  loop_.setWakes(*instance.remote, true);
  if (!instance.isListed) loop_.post([this] { prune(); });
}

void CallDesk::giveUp(const std::shared_ptr<Call>& call) {
  loop_.post([this, call] {
    waiting_.remove(call);
    const auto found = underWay_.find(call->id);
    if (found == underWay_.end()) return;
    Instance& instance = *found->second.instance;
    underWay_.erase(found);
    --instance.calls;
    instance.isSilent = true;
    lookUp(Clock::now());
  });
}

void CallDesk::stop() {
  if (fork_.crossed()) return;
  {
    std::lock_guard<std::mutex> lock(inbox_->mutex);
    inbox_->desk = nullptr;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    loop_.post([this] { endAll(Errc::stopping); });
  }
  loop_.stop();
}

// --- Calls ---

void CallDesk::handOut() {
  while (!waiting_.empty()) {
    Instance* instance = choose();
    if (!instance || !give(waiting_.front(), *instance)) break;
    waiting_.pop_front();
  }
  if (!waiting_.empty()) lookUp(lookedUp_ + kLookAgain);
}

/// The one that is called next: one that is listed and not silent if there is such a one, with few calls under way; of
/// equals, the one that was called longest ago, which stands first.
CallDesk::Instance* CallDesk::choose() {
  const auto rank = [](const Instance& each) { return std::make_tuple(each.isSilent || !each.isListed, each.calls); };
  auto best = instances_.end();
  for (auto it = instances_.begin(); it != instances_.end(); ++it) {
    if (!it->remote->isUp() || it->isLeaving) continue;
    if (best == instances_.end() || rank(*it) < rank(*best)) best = it;
  }
  if (best == instances_.end()) return nullptr;
  instances_.splice(instances_.end(), instances_, best);
  return &instances_.back();
}

bool CallDesk::give(const std::shared_ptr<Call>& call, Instance& instance) {
  Frame request = call->request.share();
  std::string id = ids_.next();
  if (!instance.remote->ask(id, request)) return false;
  call->id = id;
  ++call->sent;
  ++instance.calls;
  call->verdict = Call::Verdict::noAnswer;
  call->orphaned = Clock::time_point::max();
  underWay_.emplace(std::move(id), UnderWay{call, &instance});
  return true;
}

void CallDesk::remoteReplied(Remote& remote, std::string_view id, Frame& reply) {
  for (Instance& each : instances_) {
    if (each.remote == &remote) each.isSilent = false;
  }
  const auto found = underWay_.find(id);
  if (found == underWay_.end()) return;                   // nobody waits for it any more
  if (found->second.instance->remote != &remote) return;  // it is not for this instance to reply to
  const UnderWay answered = std::move(found->second);
  underWay_.erase(found);
  --answered.instance->calls;
  if (isStoppingNotice(reply.view())) {
    answered.instance->isLeaving = true;
    --answered.call->sent;
    waiting_.push_front(answered.call);
    lookUp(Clock::now());
  } else {
    answered.call->answer = std::move(reply);
    end(answered.call, std::nullopt);
  }
  handOut();
}

void CallDesk::remoteChanged(Remote& remote) {
  const auto instance =
      std::find_if(instances_.begin(), instances_.end(), [&](const Instance& each) { return each.remote == &remote; });
  if (instance == instances_.end()) return;
  instance->isLeaving = instance->isSilent = false;
  if (!remote.isUp()) {
    takeBack(*instance);
    lookUp(Clock::now());
    prune();
  }
  handOut();
}

/// What an instance that is gone had is given to others.
void CallDesk::takeBack(Instance& instance) {
  std::list<std::shared_ptr<Call>> calls;
  for (auto it = underWay_.begin(); it != underWay_.end();) {
    if (it->second.instance != &instance) {
      ++it;
      continue;
    }
    calls.push_back(it->second.call);
    it = underWay_.erase(it);
  }
  instance.calls = 0;
  for (auto it = calls.begin(); it != calls.end();) {
    const auto call = *it;
    if (call->sent <= options_.resends) {
      call->orphaned = Clock::now();
      ++it;
      continue;
    }
    it = calls.erase(it);
    end(call, Errc::gaveUp);
  }
  waiting_.splice(waiting_.begin(), calls);
}

void CallDesk::end(const std::shared_ptr<Call>& call, std::optional<Errc> failure) {
  call->failure = failure;
  call->ended.open();
}

void CallDesk::endAll(Errc failure) {
  isOver_ = true;
  for (const auto& call : std::exchange(waiting_, {})) end(call, failure);
  for (const auto& [id, each] : std::exchange(underWay_, {})) end(each.call, failure);
}

// --- Instances ---

/// Looks the service up once that time has come, unless that is under way already.
void CallDesk::lookUp(Clock::time_point earliest) {
  lookUpAt_ = std::min(lookUpAt_, earliest);
  run();
}

void CallDesk::lookUpNow() {
  isLookingUp_ = true;
  lookUpAt_ = Clock::time_point::max();
  ServiceLookupReq request;
  request.name = service_;
  request.all = true;
  link_->ask(sealEnvelope(request.kType, request.encode()), Deadline::in(kLookUpLimit),
             [inbox = inbox_](Frame* answer) {
               const auto reply = answer ? lookupReplyIn(*answer) : std::nullopt;
               std::lock_guard<std::mutex> lock(inbox->mutex);
               CallDesk* desk = inbox->desk;
               if (desk) desk->loop_.post([desk, reply] { desk->found(reply); });
             });
}

void CallDesk::found(const std::optional<ServiceLookupRep>& reply) {
  isLookingUp_ = false;
  lookedUp_ = Clock::now();
  if (reply) list(*reply);
  prune();
  const bool isThere = !instances_.empty();
  for (const auto& call : waiting_) {
    if (call->sent > 0) continue;
    call->verdict = isThere ? Call::Verdict::noAnswer : reply ? Call::Verdict::noService : Call::Verdict::noRegistry;
  }
  handOut();
  run();
}

void CallDesk::list(const ServiceLookupRep& reply) {
  const bool isThere = reply.port != 0 && reply.server != reply.kUnavailable;
  // A registry that knows of none may just have been restarted: those that are connected stay.
  for (Instance& each : instances_) each.isListed = !isThere && each.remote->isUp() && each.isListed;
  if (!isThere) return;
  auto instances = reply.instances;
  if (instances.empty()) instances.push_back({reply.server, reply.port});
  std::size_t listed = 0;
  for (const auto& each : instances) {
    if (listed == options_.maxInstances) break;
    try {
      instanceAt(each.server, each.port).isListed = true;
      ++listed;
    } catch (const Error& error) {
      log(LogLevel::warning, "service::Client", service_ + ": " + error.what());
    }
  }
}

CallDesk::Instance& CallDesk::instanceAt(const std::string& server, std::uint32_t port) {
  const auto found = std::find_if(instances_.begin(), instances_.end(),
                                  [&](const Instance& each) { return each.server == server && each.port == port; });
  if (found != instances_.end()) return *found;
  Remote::Owner& owner = *this;
  auto remote =
      std::make_unique<Remote>(loop_, owner, tcpEndpoint(server, static_cast<std::uint16_t>(port)), options_.socket);
  instances_.push_front({server, port, remote.get(), remote->socket().descriptor()});
  loop_.add(std::move(remote));
  return instances_.front();
}

/// Lets go of instances that are no longer registered, unless calls are under way there. Not while one of them is
/// being listened to.
void CallDesk::prune() {
  for (auto it = instances_.begin(); it != instances_.end();) {
    if (it->isListed || it->calls > 0 || it->isAttended) {
      ++it;
      continue;
    }
    loop_.remove(*it->remote);
    it = instances_.erase(it);
  }
}

/// Does what is due, and sets the alarm for what remains.
void CallDesk::run() {
  const auto now = Clock::now();
  // However often it is asked for: many calls have one reason.
  const auto lookUpAt = std::max(lookUpAt_, lookedUp_ + kLookAgain);
  if (lookUpAt <= now && !isLookingUp_) lookUpNow();
  auto next = isLookingUp_ ? Clock::time_point::max() : lookUpAt;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto call = *it;
    if (hasHope(*call, now, next)) {
      ++it;
    } else {
      it = waiting_.erase(it);
      end(call, call->sent > 0 ? Errc::gaveUp : Errc::noService);
    }
  }
  alarm_.set(next);
}

/// Whether to wait on for an instance; at `next` at the latest that is to be asked again.
bool CallDesk::hasHope(const Call& call, Clock::time_point now, Clock::time_point& next) const {
  auto since = Clock::time_point::max();
  if (call.verdict == Call::Verdict::noService) since = call.begun;
  if (call.orphaned != Clock::time_point::max()) since = call.orphaned;
  if (since == Clock::time_point::max()) return true;
  if (since + options_.patience <= now) return false;
  next = std::min(next, since + options_.patience);
  return true;
}

}  // namespace dividere::detail
