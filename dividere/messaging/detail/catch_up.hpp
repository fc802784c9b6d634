#pragma once

// How a subscriber gets what a publisher has kept: it asks for it, and holds back what is newer.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "../../connection/detail/frame.hpp"
#include "../../connection/detail/socket.hpp"
#include "kept_notes.hpp"
#include "publication.hpp"
#include "series.hpp"

namespace dividere::detail {

/// What is lacking of each series whose publisher keeps messages. Bounded, whatever publishers say: in number, in bytes and in
/// time. What cannot be had is missed. One thread at a time, as the Subscriber.
class CatchUp {
 public:
  using Clock = Deadline::Clock;

  /// Of one series, for good.
  using OnGone = std::function<void(std::uint32_t publisher, std::string_view series, std::uint64_t count)>;

  enum class Aim {
    newcomer,  // what a newcomer lacks, and who was away
    all,       // any gap
    newest     // of each series the last one alone: nothing is held back
  };

  /// `address` is the subscriber's own.
  CatchUp(Socket& socket, std::string_view address, Aim aim, SeriesBook& book, OnGone onGone);

  const std::string& address() const { return address_; }

  /// Whether nothing is lacking: then no message is held back that does not say what is kept.
  bool isIdle() const { return lacks_.empty(); }

  /// A message to everybody. Whether it is held back, and moved out, as an earlier one is lacking; or has come before.
  bool holds(const Publication& publication, Frame& message);

  /// A message that was sent again, to this subscriber alone.
  void resent(Frame&& message);

  /// The same where the aim is the newest: whether it is one that is lacking, and has not come yet.
  bool resentNewest(const Frame& message);

  /// A note about what is kept. `isWanted` says of which series messages are wanted.
  void note(std::string_view bytes, const std::function<bool(std::string_view)>& isWanted);

  /// More is subscribed to than before: all publishers are asked what they have of it.
  void askForAll();

  /// The next message whose turn has come; false if there is none.
  bool take(Frame& message);
  bool hasReady() const { return !ready_.empty(); }

  /// When onDue() is due.
  Clock::time_point due() const { return due_; }
  void onDue();

 private:
  /// A series that is incomplete from `next` to `end`, but for what is held.
  struct Lack {
    std::uint32_t publisher;
    std::string series;
    std::uint64_t next;
    std::uint64_t end;
    bool hasBegun;                        // something of it was received before: what is gone is missed
    std::map<std::uint64_t, Frame> held;  // by their numbers
    bool isAsked = false;                 // for this range:
    std::uint64_t askedFirst = 0, askedLast = 0, got = 0;

    std::uint64_t firstHeld() const { return held.empty() ? end + 1 : held.begin()->first; }
  };
  using Lacks = std::map<std::string, Lack>;  // by seriesKey()

  /// A publisher that keeps, and the ask that it has not replied to yet.
  struct Asked {
    std::uint64_t number = 0;
    std::string topic;  // empty: there is none
    Clock::time_point due{};
    int attempts = 0;
    bool wantsAll = false;  // to know what is kept
    bool asksAll = false;   // by this ask
  };

  Lack* find(std::uint32_t publisher, std::string_view series);
  Lack* lackBefore(const Publication& publication, bool& hasCome);
  Lack* begin(std::uint32_t publisher, std::string_view series, std::uint64_t next, std::uint64_t end, bool hasBegun);
  void hold(Lack& lack, std::uint64_t number, Frame&& message);
  void advance(const std::string& key, Lack& lack);
  void skipGone(Lack& lack, std::uint64_t upTo);
  void forget(const std::string& key, const Lack& lack);
  void giveUp(const std::string& key);
  void giveUpAll(std::uint32_t publisher);
  void hear(const KeptNote& note, const KeptRange& range);
  void hearEach(const KeptNote& note, const KeptRange& range, std::uint64_t last);
  void hasReplied(Asked& asked, const KeptNote& note);
  bool settle(const KeptNote& note);
  Asked* keeper(std::uint32_t publisher);
  void ask(std::uint32_t publisher);
  void endAsk(Asked& asked);
  void setDue();

  Socket& socket_;
  const std::string address_;
  const Aim aim_;
  SeriesBook& book_;
  const OnGone onGone_;

  Lacks lacks_;
  std::map<std::uint32_t, Asked> asked_;
  std::deque<Frame> ready_;
  std::size_t heldMessages_ = 0, heldBytes_ = 0, nameBytes_ = 0;
  Clock::time_point due_ = Clock::time_point::max();
};

}  // namespace dividere::detail
