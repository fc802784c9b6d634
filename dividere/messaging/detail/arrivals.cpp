#include "arrivals.hpp"

#include <cstring>
#include <utility>

#include "../../core/detail/text.hpp"

namespace dividere::detail {

constexpr std::string_view kSubscriber = "messaging::Subscriber";

static CatchUp::Aim aimOf(const messaging::SubscriberOptions& options) {
  if (options.latest) return CatchUp::Aim::newest;
  return options.recover ? CatchUp::Aim::all : CatchUp::Aim::newcomer;
}

Arrivals::Arrivals(Socket& socket, const std::string& address, const messaging::Topic& topic,
                   const messaging::SubscriberOptions& options)
    : where_(socket.endpoint()),
      topicFields_(detail::topicFields(kSubscriber, topic)),
      onMissed_(options.onMissed),
      keepsNewest_(options.latest),
      catchUp_(socket, address, aimOf(options), book_,
               [this](std::uint32_t publisher, std::string_view series, std::uint64_t count) {
                 gone(publisher, series, count);
               }),
      arrived_(socket.tally().messagesIn),
      missed_(socket.tally().missed),
      skipped_(socket.tally().skipped) {}

void Arrivals::subscribed(const std::string& subscription) {
  if (subscriptions_.insert(subscription).second) catchUp_.askForAll();
  afterCatchUp();
}

// --- For this subscriber alone ---

bool Arrivals::isForThisAlone(std::string_view bytes) const {
  const std::string& address = catchUp_.address();
  return !bytes.empty() && bytes.front() == address.front() && bytes.substr(0, address.size()) == address;
}

/// Reads a note.
Arrivals::Kind Arrivals::kindOf(const Multipart& message) {
  std::string_view bytes = message.frames().front().view();
  if (!isForThisAlone(bytes)) return Kind::toEverybody;
  if (message.size() > 1) return Kind::sentAgain;
  if (!takeNote(bytes, catchUp_.address().size())) return Kind::other;
  catchUp_.note(bytes, [this](std::string_view series) { return isSubscribedTo(series); });
  return Kind::note;
}

bool Arrivals::takes(Multipart& message) {
  if (message.size() == 1 && isNext(message.payload().view())) {
    ++received_;
    sentNs_ = 0;
    return true;
  }
  switch (kindOf(message)) {
    case Kind::toEverybody: return message.size() > 1 || takesOne(message.payload());
    case Kind::other: return takesOne(message.payload());
    case Kind::note: break;
    case Kind::sentAgain: catchUp_.resent(std::move(message.payload())); break;
  }
  afterCatchUp();
  return false;
}

bool Arrivals::unwrap(Multipart& message) {
  const Kind kind = kindOf(message);
  if (message.size() == 1) takeLastOfBundle(message.payload());
  const bool isLacking = kind == Kind::sentAgain && catchUp_.resentNewest(message.payload());
  if (kind == Kind::note || kind == Kind::sentAgain) {
    Frame payload = message.takePayload();
    message.clear();
    if (isLacking) message.push(std::move(payload));
  }
  if (catchUp_.due() <= CatchUp::Clock::now()) catchUp_.onDue();
  return kind != Kind::toEverybody;
}

bool Arrivals::isSubscribedTo(std::string_view series) const {
  if (!topicFields_.empty() && !isWanted(series)) return false;
  if (subscriptions_.count(std::string(kEveryEnvelope)) > 0) return true;
  std::string_view rest = series;
  while (skipOneField(rest)) {
    if (subscriptions_.count(std::string(series.substr(0, series.size() - rest.size()))) > 0) return true;
  }
  return false;
}

// --- For everybody ---

/// Whether it is of the same series as the last message, the next one of it, and says nothing else: most messages are, and
/// nothing has to be looked up for them.
bool Arrivals::isNext(std::string_view envelope) {
  if (run_ == 0 || run_ != book_.changes() || !catchUp_.isIdle()) return false;
  const std::string& series = book_.latest();
  if (envelope.size() <= series.size() || std::memcmp(envelope.data(), series.data(), series.size()) != 0) return false;
  std::string_view rest = envelope.substr(series.size());
  std::uint64_t sequence;
  std::uint32_t publisher;
  return skipMsg(rest) && readPlainTail(rest, sequence, publisher) && book_.noteNext(publisher, sequence);
}

void Arrivals::note(const Publication& publication) {
  const SeriesBook::Arrival arrival =
      book_.note(publication.publisher, publication.series, publication.sequence, publication.count);
  if (arrival.missed > 0) gone(publication.publisher, publication.series, arrival.missed);
}

bool Arrivals::takesOne(Frame& envelope) {
  Publication publication;
  if (!readPublication(envelope.view(), publication)) {
    if (publication.isBundle) envelope = refusedBundle(publication);
    return true;  // whoever decodes it says what is wrong
  }
  if (publication.isAgain || (!topicFields_.empty() && !isWanted(publication.series))) return false;
  if (publication.isBundle) {
    takeBundle(std::move(envelope));
    return false;
  }
  const bool isNoted = publication.sequence != 0 && publication.series.size() <= kLongestSeries;
  if (isNoted) {
    if (catchUp_.holds(publication, envelope)) {
      afterCatchUp();
      return false;
    }
    note(publication);
  }
  received(publication);
  if (isNoted) run_ = book_.changes();
  if (publication.sentNs != 0) tellIfLate(publication);
  return true;
}

/// Its messages are handed out one by one, but for those that others have to come before.
void Arrivals::takeBundle(Frame&& envelope) {
  bundle_.open(std::move(envelope));
  arrived_.add(bundle_.publication().count - 1);
  for (; !catchUp_.isIdle() && !bundle_.isEmpty(); bundle_.skip()) {
    Frame next = bundle_.next();
    if (!catchUp_.holds(bundle_.publication(), next)) break;
  }
  if (!bundle_.isEmpty()) note(bundle_.publication());
  bundleRun_ = book_.changes();
  afterCatchUp();
}

/// The envelope becomes that of a bundle's last message: the others are skipped. Any other stays as it is.
void Arrivals::takeLastOfBundle(Frame& envelope) {
  Publication publication;
  const bool isGood = readPublication(envelope.view(), publication);
  if (!publication.isBundle) return;
  if (!isGood) {
    envelope = refusedBundle(publication);
    return;
  }
  if (publication.isAgain || (!topicFields_.empty() && !isWanted(publication.series))) return;
  bundle_.open(std::move(envelope));
  const std::uint64_t others = bundle_.publication().count - 1;
  arrived_.add(others);
  if (others > 0) {
    Publication first = bundle_.publication();
    const SeriesBook::Arrival arrival = book_.note(first.publisher, first.series, first.sequence, others);
    if (arrival.missed > 0) keepGap(first.publisher, first.series, arrival.missed);
    skips(others);
  }
  while (bundle_.publication().count > 1) bundle_.skip();
  envelope = bundle_.next();
  bundle_.skip();
}

// Not of what was held back or kept, which is late for its own reasons.
void Arrivals::tellIfLate(const Publication& publication) {
  const std::int64_t age = ageOf(publication.sentNs, std::chrono::system_clock::now());
  const std::chrono::duration<double> late = lateness_.note(publication.publisher, age, Lateness::Clock::now());
  if (late.count() == 0) return;
  lateWarnings_.log(LogLevel::warning, kSubscriber,
                    where_ + ": what is read has waited for " + std::to_string(late.count()) +
                        " s: it is read too slowly (see SubscriberOptions::latest)");
}

std::optional<std::chrono::nanoseconds> Arrivals::age() const {
  if (sentNs_ == 0) return std::nullopt;
  return std::chrono::nanoseconds(ageOf(sentNs_, std::chrono::system_clock::now()));
}

const Frame& Arrivals::takeHeld() {
  if (catchUp_.take(held_)) {
    Publication publication;
    readPublication(held_.view(), publication);
    received(publication);
  } else {
    held_ = bundle_.next();
    received(bundle_.publication());
    run_ = bundleRun_;
    bundle_.skip();
  }
  afterCatchUp();
  return held_;
}

void Arrivals::onDue() {
  catchUp_.onDue();
  afterCatchUp();
}

void Arrivals::afterCatchUp() {
  hasHeld_ = catchUp_.hasReady() || !bundle_.isEmpty();
  due_ = catchUp_.due();
}

void Arrivals::gone(std::uint32_t publisher, std::string_view series, std::uint64_t count) {
  if (keepsNewest_) return keepGap(publisher, series, count);
  missed_.add(count);
  tell(publisher, series, count);
}

bool Arrivals::notes(std::string_view envelope, std::string_view& series) {
  Publication publication;
  if (!readPublication(envelope, publication)) return true;
  series = publication.series;
  if (publication.isAgain || (!topicFields_.empty() && !isWanted(series))) return false;
  if (publication.sequence == 0 || series.size() > kLongestSeries) return true;
  const SeriesBook::Arrival arrival = book_.note(publication.publisher, series, publication.sequence);
  if (arrival.missed > 0) keepGap(publication.publisher, series, arrival.missed);
  return arrival.isNew;
}

void Arrivals::hands(std::string_view envelope) {
  Publication publication;
  if (readPublication(envelope, publication)) received(publication);
  if (hasGaps_) tellGaps();
}

void Arrivals::received(const Publication& publication) {
  if (series_ != publication.series) series_ = publication.series;
  sentNs_ = publication.sentNs;
  run_ = 0;
  ++received_;
}

void Arrivals::keepGap(std::uint32_t publisher, std::string_view series, std::uint64_t missed) {
  missed_.add(missed);
  std::lock_guard<std::mutex> lock(gapsMutex_);
  std::pair<std::uint32_t, std::string> of(publisher, series);
  if (gaps_.size() < kMostGaps || gaps_.count(of) > 0) gaps_[std::move(of)] += missed;
  hasGaps_ = true;
}

void Arrivals::tellGaps() {
  Gaps gaps;
  {
    std::lock_guard<std::mutex> lock(gapsMutex_);
    gaps.swap(gaps_);
    hasGaps_ = false;
  }
  for (const auto& [of, missed] : gaps) tell(of.first, of.second, missed);
}

// libzmq matches type and topic together. Without a type there is nothing for it to match the topic behind.
bool Arrivals::isWanted(std::string_view series) const {
  const std::string_view type = typeOfSeries(series);
  const auto topic = static_cast<std::size_t>(type.data() + type.size() - series.data());
  return series.substr(topic, topicFields_.size()) == topicFields_;
}

void Arrivals::tell(std::uint32_t publisher, std::string_view series, std::uint64_t missed) {
  const std::string type(typeOfSeries(series));
  warnings_.log(LogLevel::warning, kSubscriber,
                where_ + ": missed " + std::to_string(missed) + " of '" + shown(type) +
                    "': it is read too slowly, or the connection was lost");
  if (!onMissed_) return;
  try {
    onMissed_({publisher, type, topicOfSeries(series), missed});
  } catch (const std::exception& error) {
    log(LogLevel::error, kSubscriber, std::string("onMissed threw: ") + error.what());
  } catch (...) {
    log(LogLevel::error, kSubscriber, "onMissed threw something that is no std::exception");
  }
}

const messaging::Topic& Arrivals::topic() {
  if (topicOf_ != series_) {
    topic_ = topicOfSeries(series_);
    topicOf_ = series_;
  }
  return topic_;
}

}  // namespace dividere::detail
