#include "keeping.hpp"

#include <algorithm>
#include <utility>

#include "publication.hpp"

namespace dividere::detail {

constexpr std::size_t kPortionMessages = 200;
constexpr std::size_t kPortionBytes = 1 << 20;
constexpr int kSendsAtATime = 256;
constexpr std::size_t kToldAtATime = 1000;  // series
constexpr std::size_t kLooksPerSend = 16;   // it takes as long to look at so many series as to send a message
constexpr std::size_t kToldBytes = 32 << 10;
constexpr std::size_t kMostJobs = 100000;
constexpr std::size_t kMostJobBytes = 16 << 20;  // peers make the jobs
constexpr std::chrono::milliseconds kSpareTime{2000};
constexpr std::size_t kMostSpare = 1000;  // messages of a series
constexpr int kMostFailures = 300;        // a subscriber whose queue is full for that long asks again

Keeping::Keeping(std::uint32_t publisher, const KeptMessages::Limits& limits, int sendQueue, bool forAll)
    : publisher_(publisher),
      portion_(sendQueue <= 0 ? kPortionMessages
                              : std::clamp<std::size_t>(static_cast<std::size_t>(sendQueue) / 4, 1, kPortionMessages)),
      isForAll_(forAll),
      messages_(limits) {}

void Keeping::prepare(std::string_view series, std::uint64_t number, Frame&& frame) {
  preparedSeries_ = series;
  preparedNumber_ = number;
  prepared_ = std::move(frame);
  isPrepared_ = true;
}

// In one with the sending: a newcomer in between would get it neither with the others nor as what is kept.
void Keeping::sent() {
  if (!isPrepared_) return;
  const bool isSparing = Deadline::Clock::now() < spareUntil_;
  messages_.add(preparedSeries_, preparedNumber_, std::move(prepared_), isSparing ? kMostSpare : 0);
  discard();
}

// --- What there is to do ---

static std::string addressOfId(std::string_view id) { return std::string(kAddress).append(id); }

void Keeping::subscribed(std::string_view topic, const void* connection) {
  KeptAsk ask;
  if (isIdTopic(topic)) {
    addJob({addressOfId(idOfTopic(topic)), connection, {}});
  } else if (readAsk(topic, ask) && ask.publisher == publisher_ && ask.number > 0) {
    const std::string address = addressOfId(ask.id);
    addJob({address, connection, std::move(ask)});
  } else if (isForAll_ && !isOwnTopic(topic)) {
    addJob({{}, connection, {}, std::string(topic)});
  }
}

static std::size_t bytesOf(const KeptAsk& ask) {
  std::size_t bytes = 256;
  for (const KeptRange& range : ask.ranges) bytes += sizeof range + range.series.size();
  return bytes;
}

void Keeping::addJob(Job&& job) {
  spareUntil_ = Deadline::in(kSpareTime).when();
  if (jobs_.size() >= kMostJobs || jobBytes_ >= kMostJobBytes) return;
  job.reply.publisher = publisher_;
  job.reply.ask = job.ask.number;
  jobBytes_ += bytesOf(job.ask);
  jobs_.push_back(std::move(job));
}

/// Whether somebody gets every message, also one that is for another alone.
static bool hasStranger(const Census& census) {
  for (std::size_t size = 0; size <= kAddress.size(); ++size) {
    if (census.has(std::string(kAddress.substr(0, size)))) return true;
  }
  return false;
}

bool Keeping::serve(Socket& socket, const Census& census, const std::atomic<bool>& isWanted) {
  isHeldBack_ = !isForAll_ && hasStranger(census);
  if (isHeldBack_) jobs_.clear(), jobBytes_ = 0;
  budget_ = kSendsAtATime;
  // Those whose queues are full have another turn later.
  for (std::size_t full = 0; full < jobs_.size() && budget_ > 0 && !isWanted;) {
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    const Progress progress = work(socket, census, job);
    if (progress == Progress::full) ++full;
    if (progress == Progress::done || (progress == Progress::full && ++job.failures > kMostFailures)) {
      jobBytes_ -= bytesOf(job.ask);
    } else {
      jobs_.push_back(std::move(job));
    }
  }
  return !jobs_.empty();
}

Keeping::Progress Keeping::work(Socket& socket, const Census& census, Job& job) {
  if (job.address.empty()) return sendToAll(socket, census, job);
  return job.ask.ranges.empty() ? tell(socket, census, job) : resend(socket, job);
}

bool Keeping::sendNote(Socket& socket, const KeptNote& note, const Job& job) {
  Multipart message;
  message.push(note.serialized(job.address));
  --budget_;
  return socket.trySend(message) != SendResult::full;
}

// --- What is kept ---

/// Subscriptions end where a field does.
static bool isSubscribedTo(const std::set<std::string>& topics, std::string_view series) {
  if (topics.count(std::string(kEveryEnvelope)) > 0) return true;
  std::string_view rest = series;
  while (skipOneField(rest)) {
    if (topics.count(std::string(series.substr(0, series.size() - rest.size()))) > 0) return true;
  }
  return false;
}

/// Puts the next series into the note: those of these topics, or all. True if there are more.
bool Keeping::addRanges(const std::set<std::string>* topics, const Job& job, KeptNote& note, std::string& told) {
  auto next = job.isTold ? messages_.all().upper_bound(job.told) : messages_.all().begin();
  std::size_t bytes = 0;
  for (std::size_t i = 0; next != messages_.all().end() && i < kToldAtATime && bytes < kToldBytes; ++i, ++next) {
    if (i % kLooksPerSend == 0) --budget_;
    told = next->first;
    if (topics && !isSubscribedTo(*topics, told)) continue;
    note.ranges.push_back({told, messages_.firstTold(next->second), next->second.last});
    bytes += told.size() + 16;
  }
  return next != messages_.all().end();
}

Keeping::Progress Keeping::tell(Socket& socket, const Census& census, Job& job) {
  const std::set<std::string>* const topics = census.topicsOf(job.connection);
  if (topics && topics->count(job.address) == 0) return Progress::done;  // of a former version, or gone
  KeptNote note;
  note.publisher = publisher_;
  std::string told;
  const bool isMore = addRanges(topics, job, note, told);
  const bool saysAnything = !note.ranges.empty() || !job.isTold;
  if (saysAnything && !sendNote(socket, note, job)) return Progress::full;
  job.isTold = true;
  job.told = told;
  if (isMore) return Progress::later;
  return job.ask.number == 0 ? Progress::done : finish(socket, job);
}

// --- What is asked for ---

bool Keeping::isPortionFull(const Job& job) const { return job.messages >= portion_ || job.bytes >= kPortionBytes; }

Keeping::Progress Keeping::resend(Socket& socket, Job& job) {
  for (; job.range < job.ask.ranges.size() && !isPortionFull(job); ++job.range) {
    if (!resendRange(socket, job, job.ask.ranges[job.range])) return Progress::full;
    job.next = job.count = 0;
  }
  return finish(socket, job);
}

/// As much of it as the portion has room for; false if the subscriber's queue is full.
bool Keeping::resendRange(Socket& socket, Job& job, const KeptRange& range) {
  std::uint64_t repliedTo = range.last;
  Series* const series = messages_.find(range.series);
  if (series) {
    job.next = std::max({job.next, range.first, series->first()});
    for (; job.next <= std::min(range.last, series->last); ++job.next, ++job.count) {
      if (isPortionFull(job)) {
        repliedTo = job.next - 1;
        break;
      }
      Frame& kept = series->frames[static_cast<std::size_t>(job.next - series->first())];
      Multipart message;
      message.push(job.address);
      message.push(kept.share());
      --budget_;
      if (socket.trySend(message) == SendResult::full) return false;
      ++job.messages;
      job.bytes += kept.size();
    }
  }
  if (repliedTo >= range.first) job.reply.ranges.push_back({range.series, range.first, repliedTo, job.count});
  return true;
}

// --- For those who cannot be sent to alone ---

static bool hasAddress(const std::set<std::string>& topics) {
  const auto first = topics.lower_bound(std::string(kAddress));
  return first != topics.end() && first->compare(0, kAddress.size(), kAddress) == 0;
}

Keeping::Progress Keeping::sendToAll(Socket& socket, const Census& census, Job& job) {
  const std::set<std::string>* const topics = census.topicsOf(job.connection);
  if (!topics || hasAddress(*topics)) return Progress::done;
  const std::string_view topic = job.topic;
  std::size_t looks = 0;
  for (auto next = messages_.all().lower_bound(job.told); next != messages_.all().end(); ++next) {
    job.told = next->first;
    if (budget_ <= 0 || ++looks > kToldAtATime) return Progress::later;
    if (job.told.compare(0, topic.size(), topic) != 0) continue;
    if (!sendToAll(socket, job, *messages_.find(job.told))) return Progress::full;
    job.next = 0;
  }
  return Progress::done;
}

/// False if somebody's queue is full.
bool Keeping::sendToAll(Socket& socket, Job& job, Series& series) {
  job.next = std::max(job.next, messages_.firstTold(series));
  for (; job.next <= series.last; ++job.next) {
    const std::string_view kept = series.frames[static_cast<std::size_t>(job.next - series.first())].view();
    Multipart message;
    message.push(std::string(kept).append(kAgain));
    --budget_;
    if (socket.trySend(message) == SendResult::full) return false;
  }
  return true;
}

Keeping::Progress Keeping::finish(Socket& socket, Job& job) {
  return sendNote(socket, job.reply, job) ? Progress::done : Progress::full;
}

}  // namespace dividere::detail
