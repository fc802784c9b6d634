#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "dividere/connection/detail/link.hpp"

using dividere::connection::EventType;
using dividere::detail::HandshakeFault;
using dividere::detail::Link;
using namespace std::chrono_literals;

namespace {

/// A link, and the time that has passed for it.
struct Story {
  Link link;
  Link::Clock::time_point now = Link::Clock::now();

  Link::News after(std::chrono::milliseconds pause, EventType event, HandshakeFault reason = HandshakeFault::none) {
    now += pause;
    return link.follow(event, now, reason);
  }

  /// An attempt that is refused.
  Link::News refused(std::chrono::milliseconds pause) {
    after(pause, EventType::connectDelayed);
    after(0ms, EventType::closed);
    return after(0ms, EventType::connectRetried);
  }

  /// A connection that comes up and is lost.
  void upAndLost() {
    after(0ms, EventType::connectDelayed);
    after(0ms, EventType::connected);
    after(0ms, EventType::handshakeSucceeded);
    after(0ms, EventType::disconnected);
    CHECK(after(0ms, EventType::connectRetried) == Link::News::none);
  }

  /// A connection on which the host's key does not fit.
  Link::News unfit() {
    after(0ms, EventType::connectDelayed);
    after(0ms, EventType::connected);
    return after(0ms, EventType::handshakeFailed, HandshakeFault::wrongHostKey);
  }

  std::string words() const { return link.outage.words("there", "a match", now); }
};

}  // namespace

TEST_CASE("a peer that comes within a second is not missed") {
  Story story;
  CHECK(story.refused(0ms) == Link::News::none);
  for (int i = 0; i < 9; ++i) CHECK(story.refused(100ms) == Link::News::none);
  story.after(50ms, EventType::connectDelayed);
  story.after(0ms, EventType::connected);
  CHECK(story.after(0ms, EventType::handshakeSucceeded) == Link::News::none);
}

TEST_CASE("a peer that is not there is missed after two attempts and a second") {
  Story story;
  CHECK(story.refused(0ms) == Link::News::none);
  CHECK(story.refused(999ms) == Link::News::none);
  CHECK(story.refused(1ms) == Link::News::missed);
  CHECK(story.words() == "there: nobody listens there (3 attempts in 1.0 s); trying again");

  Story slow;
  CHECK(slow.refused(10s) == Link::News::none);
  CHECK(slow.refused(10s) == Link::News::missed);
}

TEST_CASE("a peer that was there is missed after five seconds") {
  Story story;
  story.upAndLost();
  CHECK(story.refused(100ms) == Link::News::none);
  CHECK(story.refused(4999ms) == Link::News::none);
  CHECK(story.refused(1ms) == Link::News::missed);
}

TEST_CASE("what is missed is said again after one minute, two, four, and at most an hour") {
  Story story;
  std::vector<int> told;
  for (int second = 0; second < 4 * 3600; ++second) {
    if (story.refused(second == 0 ? 0ms : 1000ms) == Link::News::missed) told.push_back(second);
  }
  CHECK(told == std::vector<int>{1, 61, 181, 421, 901, 1861, 3781, 7381, 10981});
}

TEST_CASE("a peer that was missed is told of when it is there, with how long that took") {
  Story story;
  story.refused(0ms);
  REQUIRE(story.refused(2s) == Link::News::missed);
  story.after(10s, EventType::connectDelayed);
  story.after(0ms, EventType::connected);
  CHECK(story.after(100ms, EventType::handshakeSucceeded) == Link::News::thereAtLast);
  CHECK(story.link.ended.lasts(story.now) == "12 s");
  CHECK(story.refused(0ms) == Link::News::none);
}

TEST_CASE("a pause with neither an attempt nor a loss before it means that the host was not found") {
  Story story;
  CHECK(story.after(0ms, EventType::connectRetried) == Link::News::none);
  CHECK(story.after(1s, EventType::connectRetried) == Link::News::missed);
  CHECK(story.words().find("host not found") != std::string::npos);

  Story lost;
  lost.upAndLost();
  CHECK(lost.after(1s, EventType::connectRetried) == Link::News::none);
  CHECK(lost.after(5s, EventType::connectRetried) == Link::News::missed);
  CHECK(lost.words().find("host not found") != std::string::npos);

  Story madeAnew;
  madeAnew.link.madeAnew();
  madeAnew.after(0ms, EventType::connectRetried);  // of the one before
  CHECK(madeAnew.after(1s, EventType::connectRetried) == Link::News::none);
  CHECK(madeAnew.after(1s, EventType::connectRetried) == Link::News::missed);
}

TEST_CASE(
    "a connection that ends in place of a handshake is a peer of another kind, if it is not the peer that ended it") {
  Story story;
  story.after(0ms, EventType::connectDelayed);
  story.after(0ms, EventType::connected);
  CHECK(story.after(0ms, EventType::disconnected) == Link::News::missed);
  CHECK(story.words() == "there: the peer does not speak ZeroMQ, or is not a match; trying again");
}

TEST_CASE("a peer that ends connections before they are ready is told of the third time, and of a misfit only once") {
  Story story;
  const auto isEnded = [&](std::chrono::milliseconds pause) {
    story.after(pause, EventType::connectDelayed);
    story.after(0ms, EventType::connected);
    const auto news = story.after(0ms, EventType::handshakeFailed, HandshakeFault::ended);
    CHECK(story.after(0ms, EventType::disconnected) == Link::News::none);
    CHECK(story.after(0ms, EventType::connectRetried) == Link::News::none);
    return news;
  };
  CHECK(isEnded(0ms) == Link::News::none);
  CHECK(isEnded(2s) == Link::News::none);
  CHECK(isEnded(0ms) == Link::News::missed);
  story.after(0ms, EventType::connectDelayed);
  story.after(0ms, EventType::connected);
  REQUIRE(story.after(0ms, EventType::disconnected) == Link::News::missed);
  CHECK(isEnded(1s) == Link::News::none);
  CHECK(isEnded(119s) == Link::News::missed);
}

TEST_CASE("a misfit that ends connections itself the next time is not told of anew") {
  Story story;
  const auto fails = [&](EventType how, HandshakeFault reason) {
    story.after(1s, EventType::connectDelayed);
    story.after(0ms, EventType::connected);
    return story.after(0ms, how, reason);
  };
  CHECK(fails(EventType::disconnected, HandshakeFault::none) == Link::News::missed);
  for (int i = 0; i < 10; ++i) CHECK(fails(EventType::handshakeFailed, HandshakeFault::ended) == Link::News::none);
}

TEST_CASE("a handshake that takes its time and fails means that the peer is silent") {
  for (const bool isLong : {false, true}) {
    Story story;
    story.after(0ms, EventType::connectDelayed);
    story.after(0ms, EventType::connected);
    const auto reason = isLong ? HandshakeFault::ended : HandshakeFault::silent;
    CHECK(story.after(isLong ? 1000ms : 100ms, EventType::handshakeFailed, reason) == Link::News::missed);
    CHECK(story.words().find("says nothing") != std::string::npos);
  }
}

TEST_CASE("a key that does not fit twice is refused, and told of once") {
  Story story;
  CHECK(story.unfit() == Link::News::none);
  CHECK_FALSE(story.link.isRefused());
  story.link.madeAnew();
  CHECK(story.unfit() == Link::News::refused);
  CHECK(story.link.isRefused());
  story.link.madeAnew();
  CHECK_FALSE(story.link.isRefused());
  CHECK(story.unfit() == Link::News::none);
  CHECK(story.link.isRefused());
}

TEST_CASE("what one key came to, even if it is heard late, says nothing of the next ones") {
  Story story;
  story.unfit();
  REQUIRE(story.unfit() == Link::News::refused);
  story.link.madeAnewWith(2);
  story.unfit();  // the former attempt's
  CHECK_FALSE(story.link.isRefused());
  story.link.madeAnew();
  story.unfit();
  CHECK_FALSE(story.link.isRefused());
  story.link.madeAnew();
  story.unfit();
  CHECK(story.link.isRefused());
}
