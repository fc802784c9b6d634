#include "dividere/messaging/detail/lateness.hpp"

#include <doctest/doctest.h>

#include "dividere/messaging/detail/publication.hpp"

using dividere::detail::Lateness;
using std::chrono::nanoseconds;
using std::chrono::seconds;

namespace {

const Lateness::Clock::time_point kStart{};

std::int64_t ns(std::chrono::milliseconds time) { return nanoseconds(time).count(); }

}  // namespace

TEST_CASE("a message is late by what it is older than the youngest of its publisher's, whatever the clocks say") {
  for (const seconds skew : {seconds(0), seconds(-5000), seconds(5000)}) {
    Lateness lateness;
    CHECK(lateness.note(1, ns(skew), kStart) == seconds(0));
    CHECK(lateness.note(1, ns(skew + seconds(1)) - 1, kStart) == seconds(0));
    CHECK(lateness.note(1, ns(skew + seconds(2)), kStart) == seconds(2));
  }
}

TEST_CASE("each publisher has a clock of its own") {
  Lateness lateness;
  CHECK(lateness.note(1, 0, kStart) == seconds(0));
  CHECK(lateness.note(2, ns(seconds(100)), kStart) == seconds(0));
  CHECK(lateness.note(1, 0, kStart) == seconds(0));
  for (std::uint32_t other = 3; other < 5000; ++other) lateness.note(other, 0, kStart);
  CHECK(lateness.note(1, ns(seconds(2)), kStart) == seconds(0));  // forgotten meanwhile, and begun anew
}

TEST_CASE("lateness is told once, and again after the reader has caught up") {
  Lateness lateness;
  lateness.note(1, 0, kStart);
  CHECK(lateness.note(1, ns(seconds(2)), kStart) == seconds(2));
  CHECK(lateness.note(1, ns(seconds(3)), kStart) == seconds(0));
  CHECK(lateness.note(1, ns(std::chrono::milliseconds(700)), kStart) == seconds(0));
  CHECK(lateness.note(1, ns(seconds(3)), kStart) == seconds(0));
  CHECK(lateness.note(1, ns(std::chrono::milliseconds(100)), kStart) == seconds(0));
  CHECK(lateness.note(1, ns(seconds(3)), kStart) == seconds(3));
}

TEST_CASE("a reader that falls behind more and more is late, whenever the window begins") {
  Lateness lateness;
  lateness.note(1, 0, kStart);
  CHECK(lateness.note(1, ns(seconds(40)), kStart + seconds(61)) == seconds(40));
}

TEST_CASE("a clock that drifts makes nothing late: the youngest is that of the last minutes") {
  Lateness lateness;
  for (int minute = 0; minute < 600; ++minute) {
    CHECK(lateness.note(1, ns(std::chrono::milliseconds(100) * minute), kStart + seconds(61) * minute) == seconds(0));
  }
}

TEST_CASE("what stands behind a published message is read in one go, with all or some of its fields") {
  using dividere::detail::Publication;
  using dividere::detail::PublicationTail;
  for (const std::int64_t sentNs : {std::int64_t{0}, std::int64_t{-7}, std::int64_t{1} << 62}) {
    for (const std::uint64_t kept : {std::uint64_t{0}, std::uint64_t{300}}) {
      Publication publication;
      const PublicationTail tail(1u << 20, 0x11223344, sentNs, kept);
      REQUIRE(dividere::detail::readTail(tail.bytes(), publication));
      CHECK(publication.sequence == 1u << 20);
      CHECK(publication.publisher == 0x11223344);
      CHECK(publication.sentNs == sentNs);
      CHECK(publication.kept == kept);
      for (std::size_t cut = 1; cut < tail.bytes().size() && sentNs != 0 && kept == 0; ++cut) {
        if (tail.bytes().size() - cut == 11) continue;  // a tail without a stamp
        CHECK_FALSE(dividere::detail::readTail(tail.bytes().substr(0, tail.bytes().size() - cut), publication));
      }
    }
  }
}
