// What is kept for a slow reader is the newest message of each series, and bounded.
#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>

#include "dividere/connection/detail/slots.hpp"

using dividere::detail::Frame;
using dividere::detail::Slots;

namespace {

std::size_t put(Slots& slots, const std::string& series, const std::string& message) {
  return slots.put(series, Frame(std::string_view(message)));
}

}  // namespace

TEST_CASE("a slot has the newest message of its series, whatever its size") {
  Slots slots(-1);
  CHECK(slots.isEmpty());
  const std::string large(100000, 'x');
  CHECK(put(slots, "a", "1") == 0);
  CHECK(put(slots, "b", large) == 0);
  CHECK(put(slots, "a", large) == 1);
  CHECK(put(slots, "b", "2") == 1);
  CHECK(slots.take().view() == large);
  CHECK(slots.take().view() == "2");
  CHECK(slots.isEmpty());
  CHECK(put(slots, "a", "3") == 0);
  CHECK(slots.take().view() == "3");
}

TEST_CASE("what waits in slots has a bound in bytes: those that wait longest make room, but for the last one") {
  Slots slots(50000);
  const std::string message(20000, 'x');
  CHECK(put(slots, "a", message) == 0);
  CHECK(put(slots, "b", message) == 0);
  CHECK(put(slots, "c", message) == 1);
  CHECK(put(slots, "huge", std::string(60000, 'x')) == 2);
  CHECK(slots.take().size() == 60000);
  CHECK(slots.isEmpty());
  for (int i = 0; i < 100; ++i) CHECK(put(slots, "a", message) == (i == 0 ? 0 : 1));
  CHECK(put(slots, "b", message) == 0);  // bytes of messages that are gone do not count
}

TEST_CASE("messages that keep a block of libzmq's count as that much") {
  Slots slots(100000);
  std::size_t dropped = 0;
  for (int i = 0; i < 50; ++i) dropped += put(slots, std::to_string(i), std::string(1100, 'x'));
  CHECK(dropped >= 38);
}

TEST_CASE("there is a bound for slots, too") {
  Slots slots(-1);
  std::size_t dropped = 0;
  for (std::size_t i = 0; i < Slots::kMost + 10; ++i) dropped += put(slots, std::to_string(i), "x");
  CHECK(dropped == 10);
}
