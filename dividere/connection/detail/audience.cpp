#include "audience.hpp"

#include <utility>

#include "connection_mark.hpp"
#include "transport.hpp"

namespace dividere::detail {

constexpr const char* kCutOff =
    ": a subscriber asked for too much and was disconnected: a topic may have 4 KiB, all of one connection 4 MiB";

// An attendant is told of news this often, at the most, by an owner who sends all the time: to look costs a system call.
constexpr std::chrono::milliseconds kNewsPeriod{1};

// One that subscribes and unsubscribes without end shall not have the list of all made more often.
constexpr std::chrono::milliseconds kTellingPeriod{10};

// Whoever asks for all news waits no longer than this while they do not end.
constexpr std::chrono::milliseconds kFloodLimit{1000};

// An owner who sends all the time lets go of the lock for a moment between two messages. One who waits has it for long.
constexpr int kLockTries = 50;

std::unique_lock<std::mutex> Audience::enter() {
  std::unique_lock<std::mutex> lock(mutex, std::try_to_lock);
  if (lock.owns_lock()) return lock;
  isWanted = true;
  lock.lock();
  isWanted = false;
  return lock;
}

bool Audience::readNews() {
  bool isAll = false;
  for (int i = 0; i < kNewsAtATime && !isAll; ++i) isAll = !readOne();
  if (isAll) {
    socket->foundNothing();
  } else {
    socket->signalTaken();
  }
  if (serve() || isChanged()) socket->pumpSoon();
  return isAll;
}

/// Whether there is more to do.
bool Audience::serve() {
  const bool isUnfinished = attendant && attendant->serve(*socket, census, isWanted);
  return (teller && teller->serve(*socket, census, isWanted)) || isUnfinished;
}

// To send takes libzmq's signals in, so the watcher may not see them.
void Audience::attend() {
  attendant->sent();
  const auto now = Deadline::Clock::now();
  if (now >= nextLook_) {
    nextLook_ = now + kNewsPeriod;
    readNews();
  } else if (!isLookDue_.exchange(true)) {
    socket->pumpSoon();
  }
}

void Audience::setAttendant(std::shared_ptr<Attendant> newOne) {
  const auto lock = enter();
  attendant = std::move(newOne);
  tellAllTo(*attendant);
  socket->pumpOnSignals();
}

void Audience::setTeller(std::shared_ptr<Attendant> newOne) {
  const auto lock = enter();
  teller = std::move(newOne);
  tellAllTo(*teller);
}

void Audience::tellAllTo(Attendant& newOne) {
  census.forEach([&](const std::string& topic, const void* connection) { newOne.subscribed(topic, connection); });
}

void Audience::tellOf(std::string_view topic, const Frame& news) {
  for (const auto& each : {attendant.get(), teller.get()}) {
    if (each) each->subscribed(topic, ConnectionMark::keyOf(news));
  }
}

void Audience::readAllNews() {
  const Deadline limit = Deadline::in(kFloodLimit);
  while (!readNews() && !limit.passed()) {
  }
}

/// As many as may be read without keeping whoever wants the lock.
void Audience::readSome() {
  hasMore = true;
  const std::uint64_t before = newsRead;
  for (int i = 0; i < kNewsAtATime && !isWanted && hasMore; ++i) hasMore = readOne();
  if (newsRead != before) socket->callOwner();
}

bool Audience::readNewsIfIdle() {
  std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
  bool isLocked = false;
  for (int i = 0; i < kLockTries && !isLocked; ++i) isLocked = lock.try_lock();
  if (!isLocked || !socket) return hasMore || isLookDue_;
  isLookDue_ = false;
  readSome();
  if (serve()) hasMore = true;
  const bool hasCut = std::exchange(hasCut_, false);
  const std::string where = socket->endpoint();
  const bool isToldLater = tellIfChanged(lock);  // without the lock, as whoever takes the log, too: it may be published
  if (hasCut) warnings.log(LogLevel::warning, socket->who(), where + kCutOff);
  return hasMore || isToldLater;
}

/// Unlocks. Whether it is to be called again soon.
bool Audience::tellIfChanged(std::unique_lock<std::mutex>& lock) {
  const auto function = onChange_;
  const bool isDue = isChanged(), isEarly = Deadline::Clock::now() < nextTelling_;
  if (isDue && !isEarly) {
    toldOf_ = census.changes();
    nextTelling_ = Deadline::in(kTellingPeriod).when();
  }
  lock.unlock();
  if (isDue && !isEarly) (*function)();
  return isDue && isEarly;
}

void Audience::onChange(std::function<void()> function) {
  const auto lock = enter();
  onChange_ = function ? std::make_shared<const std::function<void()>>(std::move(function)) : nullptr;
  toldOf_ = 0;
  socket->pumpOnSignals();
  socket->pumpSoon();
}

std::vector<KnownPeer> Audience::peers() {
  const auto lock = enter();
  std::vector<KnownPeer> peers = census.peers();
  if (socket->gate()) return peers;
  for (KnownPeer& each : peers) each.name = each.key = {};  // that would be their own word
  return peers;
}

void Audience::cutOff(Frame& news) {
  cut(news.sourceDescriptor(), socket->endpoint());
  hasCut_ = true;
}

/// False if there is none.
bool Audience::readOne() {
  Frame frame;
  const bool isThere = socket->tryReceiveFrame(frame);
  if (isThere) {
    if (Gate* const gate = socket->gate()) gate->noteConnection(frame.sourceDescriptor(), frame.peerKey());
    if (!census.observe(frame)) {
      cutOff(frame);
    } else if (!frame.view().empty() && frame.view().front() == '\1') {
      tellOf(frame.view().substr(1), frame);
    }
    ++newsRead;
  } else {
    census.settle();
  }
  return isThere;
}

}  // namespace dividere::detail
