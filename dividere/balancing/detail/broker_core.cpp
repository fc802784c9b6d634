#include "broker_core.hpp"

#include <algorithm>
#include <utility>

#include "../../connection/detail/router.hpp"
#include "broker_options.hpp"

namespace dividere::detail {

// Replies that libzmq keeps for a client that takes none; what comes on top of these is kept here, where it is counted.
constexpr int kRepliesInPipe = 100;

BrokerCore::BrokerCore(std::uint16_t frontPort, std::uint16_t backPort, const balancing::BrokerOptions& options)
    : options_(checked(options)),
      tick_(tickOf(options_)),
      loop_("balancing::Broker"),
      front_(listen("balancing::Broker (front)", frontPort, kRepliesInPipe, options_.frontOnlyFor, frontHooks(),
                    describedRoutingId())),
      back_(listen("balancing::Broker (back)", backPort, connection::SocketOptions().sendQueue, options_.backOnlyFor,
                   backHooks())),
      frontPort_(front_.socket().port()),
      backPort_(back_.socket().port()),
      roster_(tally_),
      book_(roster_, tally_, options_.maxWaitingBytes),
      describing_(front_.socket(), [this](Description& description, TypeBook& types) { describe(description, types); }),
      junk_(tally_),
      misplaced_(frontPort_, backPort_),
      outbox_(front_, loop_, tally_, options_),
      outcomes_(outbox_, tally_),
      streams_(options_, back_, roster_, book_, outbox_, outcomes_, tally_),
      limits_(options_, loop_, roster_, book_, streams_, outcomes_),
      admission_(options_, book_, streams_, outbox_, outcomes_, limits_, junk_, misplaced_,
                 front_.socket().isSecured()),
      words_(book_, streams_, tally_),
      care_(options_, back_, roster_, book_, outcomes_,
            describing_.isOn() ? kBackFeatures | kDescribeFeature : kBackFeatures),
      returns_(roster_, book_, streams_, outcomes_, care_, offers_, junk_, tally_),
      dispatcher_(back_, roster_, book_, care_, outcomes_),
      ended_(loop_, [this](const std::vector<int>& descriptors) {
        care_.probe(descriptors);
        dispatcher_.dispatch();
      }) {
  tally_.showIn(front_.socket().tally());
  try {
    start();
  } catch (...) {
    loop_.stop();  // lets go of the sockets, whose events come here
    throw;
  }
}

FrameSource& BrokerCore::listen(const char* who, std::uint16_t port, int sendQueue, const std::string& group,
                                FrameHooks hooks, std::string_view routingId) {
  connection::SocketOptions options;
  options.onlyFor = group;
  options.sendQueue = sendQueue;
  auto source = std::make_unique<FrameSource>(makeRouter(who, port, options, routingId), std::move(hooks));
  FrameSource& made = *source;
  loop_.add(std::move(source));
  return made;
}

// Not called before the loop is started.
FrameHooks BrokerCore::frontHooks() {
  FrameHooks hooks;
  hooks.onMessage = [this](Multipart& message) {
    if (!words_.take(message) && !takeQuestion(message)) admission_.take(message, tally_);
    dispatch();
  };
  hooks.onTurn = [this] { outbox_.roomMayBe(); };
  return hooks;
}

FrameHooks BrokerCore::backHooks() {
  FrameHooks hooks;
  hooks.onMessage = [this](Multipart& message) {
    returns_.take(message);
    dispatch();
  };
  hooks.onEmpty = [this] {
    care_.buryLost();
    dispatch();
  };
  return hooks;
}

void BrokerCore::dispatch() {
  dispatcher_.dispatch();
  front_.socket().tally().queue.set(book_.waitingCount());
}

/// Whether it asks what this broker is.
bool BrokerCore::takeQuestion(Multipart& message) {
  if (message.size() < 2 || message.size() >= Socket::kMostFrames) return false;
  if (!describing_.isQuestion(message.payload().view())) return false;
  const Frame question = message.takePayload();
  Multipart reply(std::move(message.frames()));
  const auto isName = [](const Frame& frame) { return frame.size() > 0; };
  const auto names = std::count_if(reply.frames().begin(), reply.frames().end(), isName);
  reply.push(std::string_view(describing_.replyTo(question, static_cast<std::size_t>(names))));
  outbox_.tell(std::move(reply));
  return true;
}

void BrokerCore::describe(Description& description, TypeBook& types) {
  offers_.describe(description, types);
  addStatistics(description, back_.socket());
  std::uint64_t busy = 0, free = 0;
  for (const auto& [id, worker] : roster_.all()) {
    if (worker.isBusy()) ++busy;
    if (worker.hasRoom()) ++free;
  }
  const balancing::BrokerStats stats = tally_.stats();
  const std::pair<const char*, std::uint64_t> figures[] = {
      {"requests", stats.read},       {"replies", stats.replied}, {"errors", stats.errors},
      {"cancelled", stats.cancelled}, {"expired", stats.expired}, {"redispatched", stats.redispatched},
      {"late", stats.late},           {"junk", stats.junk},       {"waiting", stats.waiting},
      {"in_flight", stats.inFlight},  {"workers", stats.workers}, {"busy_workers", busy},
      {"free_workers", free}};
  for (const auto& [name, value] : figures) description.statistics.push_back({name, value, {}});
}

void BrokerCore::start() {
  // A worker that is killed is noticed by its connection, long before its silence.
  back_.socket().onEvent([this](const connection::SocketEvent& event) {
    if (event.type == connection::EventType::disconnected) ended_.add(static_cast<int>(event.value));
  });
  lastTick_ = Clock::now();
  loop_.every(tick_, [this] { onTick(); });
  loop_.start();
}

void BrokerCore::stop() {
  if (isOfOtherProcess()) return;
  loop_.post([this] { answerAllStopping(); });
  loop_.stop();
}

void BrokerCore::answerAllStopping() {
  admission_.close();
  for (BrokerRequest& request : book_.takeAll()) {
    outcomes_.fail(std::move(request), Errc::stopping, Admission::kStopping);
  }
  outbox_.flushToTheEnd();
}

void BrokerCore::onTick() {
  const auto now = Clock::now();
  const auto pause = now - lastTick_ - tick_;
  lastTick_ = now;
  if (pause > options_.heartbeat) {
    // This process was stopped for a while: nobody else was silent or late meanwhile, and what they sent is yet to be read.
    roster_.forgive(pause);
    book_.forgive(pause);
  } else {
    care_.lookForSilence(now);
    limits_.endOverdue(now);
  }
  if (!outbox_.isEmpty()) front_.lookAgain();
  streams_.tellOwed();
  streams_.lookForDeserted(now);
  dispatch();
}

}  // namespace dividere::detail
