#include "catch_up.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace dividere::detail {

constexpr std::size_t kMostLacks = 100000;
constexpr std::size_t kMostLackNames = 16 << 20;  // bytes
constexpr std::size_t kMostHeld = 10000;
constexpr std::size_t kMostHeldBytes = 64 << 20;
constexpr std::size_t kMostKeepers = 1000;
constexpr std::uint64_t kLargestNumber = UINT64_MAX / 2;  // no publisher gets there

// A reply can be lost where the queue is full. It is asked for again after so long, and so often; then what is held back has
// waited long enough.
constexpr std::chrono::milliseconds kNoReply{500};
constexpr int kMostAttempts = 8;

CatchUp::CatchUp(Socket& socket, std::string_view address, Aim aim, SeriesBook& book, OnGone onGone)
    : socket_(socket), address_(address), aim_(aim), book_(book), onGone_(std::move(onGone)) {}

// --- What comes ---

bool CatchUp::holds(const Publication& publication, Frame& message) {
  if (lacks_.empty() && publication.kept == 0) return false;
  const std::uint64_t number = publication.sequence;
  if (number > kLargestNumber) return false;
  Lack* lack = find(publication.publisher, publication.series);
  bool hasCome = false;
  if (!lack) lack = lackBefore(publication, hasCome);
  if (!lack) return hasCome;
  const std::string key = seriesKey(publication.publisher, publication.series);  // the view ends with the message
  if (heldMessages_ < kMostHeld && heldBytes_ < kMostHeldBytes) {
    hold(*lack, number, std::move(message));
  } else {
    lack->end = std::max(lack->end, number);  // to be asked for, too
  }
  // What was sent to this subscriber alone has come before: a stranger is there now, and nothing more will.
  if (publication.kept == 0) giveUp(key);
  ask(publication.publisher);
  return true;
}

/// What is lacking before this message; null if nothing is. `hasCome`: it was sent again before, and so are those before it.
CatchUp::Lack* CatchUp::lackBefore(const Publication& publication, bool& hasCome) {
  if (publication.kept == 0) return nullptr;
  const std::uint64_t number = publication.sequence;
  const std::uint64_t last = book_.last(publication.publisher, publication.series);
  const bool isKnown = last != 0;
  hasCome = isKnown && number <= last;
  if (hasCome || number == 1) return nullptr;
  const bool isGap = number > last + 1;
  if (isKnown && (!isGap || aim_ != Aim::all)) return nullptr;
  const std::uint64_t first = isKnown ? last + 1 : number - std::min(publication.kept, number - 1);
  return begin(publication.publisher, publication.series, first, number, isKnown);
}

void CatchUp::resent(Frame&& message) {
  Publication publication;
  if (!readPublication(message.view(), publication)) return;
  Lack* const found = find(publication.publisher, publication.series);
  if (!found) return;
  Lack& lack = *found;
  if (publication.sequence < lack.askedFirst || publication.sequence > lack.askedLast) return;  // unasked
  if (heldBytes_ >= kMostHeldBytes && publication.sequence != lack.next) return;
  ++lack.got;
  const auto asked = asked_.find(publication.publisher);
  if (asked != asked_.end()) {
    asked->second.attempts = 0;
    asked->second.due = Clock::now() + kNoReply;
  }
  const std::string key = seriesKey(publication.publisher, publication.series);
  hold(lack, publication.sequence, std::move(message));
  advance(key, lack);
  setDue();
}

CatchUp::Lack* CatchUp::find(std::uint32_t publisher, std::string_view series) {
  if (lacks_.empty()) return nullptr;
  const auto found = lacks_.find(seriesKey(publisher, series));
  return found == lacks_.end() ? nullptr : &found->second;
}

CatchUp::Lack* CatchUp::begin(std::uint32_t publisher, std::string_view series, std::uint64_t next, std::uint64_t end,
                              bool hasBegun) {
  if (lacks_.size() >= kMostLacks || nameBytes_ >= kMostLackNames || series.size() > kLongestSeries) return nullptr;
  if (!keeper(publisher)) return nullptr;
  nameBytes_ += series.size();
  Lack lack{publisher, std::string(series), next, end, hasBegun, {}};
  return &lacks_.emplace(seriesKey(publisher, series), std::move(lack)).first->second;
}

void CatchUp::hold(Lack& lack, std::uint64_t number, Frame&& message) {
  lack.end = std::max(lack.end, number);
  if (number < lack.next || lack.held.count(number) > 0) return;
  ++heldMessages_;
  heldBytes_ += message.size();
  lack.held.emplace(number, std::move(message));
}

/// Hands on what is complete.
void CatchUp::advance(const std::string& key, Lack& lack) {
  for (auto first = lack.held.begin(); first != lack.held.end() && first->first == lack.next;) {
    --heldMessages_;
    heldBytes_ -= first->second.size();
    ready_.push_back(std::move(first->second));
    first = lack.held.erase(first);
    ++lack.next;
    lack.hasBegun = true;
  }
  if (lack.next <= lack.end) return;
  book_.setLast(lack.publisher, lack.series, lack.end);
  forget(key, lack);
}

void CatchUp::forget(const std::string& key, const Lack& lack) {
  nameBytes_ -= lack.series.size();
  lacks_.erase(key);
}

bool CatchUp::resentNewest(const Frame& message) {
  Publication publication;
  if (!readPublication(message.view(), publication)) return false;
  Lack* const lack = find(publication.publisher, publication.series);
  if (!lack) return false;
  forget(seriesKey(publication.publisher, publication.series), *lack);
  return true;
}

bool CatchUp::take(Frame& message) {
  if (ready_.empty()) return false;
  message = std::move(ready_.front());
  ready_.pop_front();
  return true;
}

// --- What is not to be had ---

/// Whatever of it has not come up to this number does not come any more.
void CatchUp::skipGone(Lack& lack, std::uint64_t upTo) {
  const std::uint64_t behind = std::min(lack.firstHeld(), upTo + 1);
  if (behind <= lack.next) return;
  const std::uint64_t count = behind - lack.next;
  lack.next = behind;
  if (lack.hasBegun) onGone_(lack.publisher, lack.series, count);
}

void CatchUp::giveUp(const std::string& key) {
  for (auto found = lacks_.find(key); found != lacks_.end(); found = lacks_.find(key)) {
    skipGone(found->second, found->second.end);
    advance(key, found->second);
  }
}

void CatchUp::giveUpAll(std::uint32_t publisher) {
  std::vector<std::string> keys;
  for (const auto& [key, lack] : lacks_) {
    if (lack.publisher == publisher) keys.push_back(key);
  }
  for (const std::string& key : keys) {
    if (aim_ == Aim::newest) {
      forget(key, lacks_.at(key));
    } else {
      giveUp(key);
    }
  }
}

// --- What the publisher says ---

void CatchUp::note(std::string_view bytes, const std::function<bool(std::string_view)>& isWanted) {
  KeptNote note;
  if (!readNote(bytes, note)) return;
  Asked* const known = keeper(note.publisher);
  if (!known) return;
  Asked& asked = *known;
  if (note.ask == 0) {
    for (const KeptRange& range : note.ranges) {
      if (isWanted(range.series)) hear(note, range);
    }
  } else if (note.ask == asked.number && !asked.topic.empty()) {
    hasReplied(asked, note);
  }
  ask(note.publisher);
}

void CatchUp::hasReplied(Asked& asked, const KeptNote& note) {
  endAsk(asked);
  if (asked.asksAll) asked.wantsAll = false;
  const bool isWhole = settle(note);
  const bool givesUp = !isWhole && asked.attempts + 1 >= kMostAttempts;
  asked.attempts = isWhole || givesUp ? 0 : asked.attempts + 1;
  if (givesUp) giveUpAll(note.publisher);
}

static bool isSensible(const KeptRange& range) {
  const auto isNumber = [](std::uint64_t number) { return number > 0 && number <= kLargestNumber; };
  return isNumber(range.last) && range.first > 0 && range.series.size() <= kLongestSeries;
}

/// It keeps these.
void CatchUp::hear(const KeptNote& note, const KeptRange& range) {
  if (!isSensible(range)) return;
  if (Lack* const lacking = find(note.publisher, range.series)) {
    lacking->end = std::max(lacking->end, range.last);
    return;
  }
  const std::uint64_t last = book_.last(note.publisher, range.series);
  if (range.last <= last) return;
  if (aim_ != Aim::newest) return hearEach(note, range, last);
  if (range.first <= range.last) begin(note.publisher, range.series, range.last, range.last, false);
}

/// ... of which the last one to come was this.
void CatchUp::hearEach(const KeptNote& note, const KeptRange& range, std::uint64_t last) {
  const bool isKnown = last != 0;
  const std::uint64_t next = isKnown ? last + 1 : std::min(range.first, range.last + 1);
  Lack* const lack = next <= range.last ? begin(note.publisher, range.series, next, range.last, isKnown) : nullptr;
  if (lack) return;
  if (isKnown) onGone_(note.publisher, range.series, range.last - last);
  book_.setLast(note.publisher, range.series, range.last);
}

/// It has replied to these. False if some of what it sent was lost.
bool CatchUp::settle(const KeptNote& note) {
  bool isWhole = true;
  for (const KeptRange& range : note.ranges) {
    const std::string key = seriesKey(note.publisher, range.series);
    const auto found = lacks_.find(key);
    if (found == lacks_.end()) continue;
    Lack& lack = found->second;
    if (aim_ == Aim::newest) {
      forget(key, lack);
      continue;
    }
    if (!std::exchange(lack.isAsked, false)) continue;
    isWhole = isWhole && lack.got >= range.count;
    if (lack.got < range.count) continue;  // asked for again
    skipGone(lack, std::min(range.last, lack.askedLast));
    advance(key, lack);
  }
  return isWhole;
}

// --- Asking ---

void CatchUp::askForAll() {
  for (auto& [publisher, asked] : asked_) {
    asked.wantsAll = true;
    ask(publisher);
  }
}

/// Null if there are too many that owe a reply.
CatchUp::Asked* CatchUp::keeper(std::uint32_t publisher) {
  if (asked_.size() >= kMostKeepers && asked_.count(publisher) == 0) {
    const auto idle =
        std::find_if(asked_.begin(), asked_.end(), [](const auto& each) { return each.second.topic.empty(); });
    if (idle == asked_.end()) return nullptr;
    asked_.erase(idle);
  }
  return &asked_[publisher];
}

void CatchUp::ask(std::uint32_t publisher) {
  Asked& asked = asked_[publisher];
  if (!asked.topic.empty()) return;
  KeptAsk ask{address_.substr(kAddress.size()), publisher, asked.number + 1, {}};
  std::size_t bytes = 0;
  if (!asked.wantsAll) {
    const std::string from = seriesKey(publisher, {});
    for (auto it = lacks_.lower_bound(from); it != lacks_.end() && bytes < kAskBytes; ++it) {
      Lack& lack = it->second;
      if (lack.publisher != publisher) break;
      lack.isAsked = true;
      lack.askedFirst = lack.next;
      lack.askedLast = lack.firstHeld() - 1;
      lack.got = 0;
      ask.ranges.push_back({lack.series, lack.askedFirst, lack.askedLast});
      bytes += lack.series.size() + 24;
    }
    if (ask.ranges.empty()) return setDue();
  }
  asked.asksAll = asked.wantsAll;
  ++asked.number;
  asked.topic = ask.topic();
  asked.due = Clock::now() + kNoReply;
  socket_.set(ZMQ_SUBSCRIBE, asked.topic.data(), asked.topic.size());
  setDue();
}

void CatchUp::endAsk(Asked& asked) {
  if (asked.topic.empty()) return;
  socket_.set(ZMQ_UNSUBSCRIBE, asked.topic.data(), asked.topic.size());
  asked.topic.clear();
}

void CatchUp::onDue() {
  const auto now = Clock::now();
  for (auto& [publisher, asked] : asked_) {
    if (asked.topic.empty() || asked.due > now) continue;
    endAsk(asked);
    if (++asked.attempts >= kMostAttempts) {
      asked.attempts = 0;
      asked.wantsAll = false;
      giveUpAll(publisher);
    }
    ask(publisher);
  }
  setDue();
}

void CatchUp::setDue() {
  due_ = Clock::time_point::max();
  for (const auto& [publisher, asked] : asked_) {
    if (!asked.topic.empty()) due_ = std::min(due_, asked.due);
  }
}

}  // namespace dividere::detail
