#include <doctest/doctest.h>

#include <string>

#include "dividere/core/detail/log_line.hpp"
#include "support/log_capture.hpp"

using dividere::LogLevel;
using support::LogCapture;

TEST_CASE("a rate limit lets one line a second through and says how many it held back") {
  const LogCapture log(LogLevel::error);  // of this test alone: sockets of others may still be closing
  dividere::detail::RateLimit limit;
  std::size_t calls = 0;
  do {
    limit.log(LogLevel::error, "test", "a line");
    ++calls;
  } while (log.lines().size() < 2);
  CHECK(log.lines()[0].text == "a line");
  CHECK(log.lines()[1].text == "a line (and " + std::to_string(calls - 2) + " like it)");
  CHECK(log.lines()[1].level == LogLevel::error);
  CHECK(log.lines()[1].component == "test");
}

TEST_CASE("a rate limit may let several lines through at once") {
  const LogCapture log(LogLevel::error);
  dividere::detail::RateLimit limit(5);
  std::size_t calls = 0;
  do {
    limit.log(LogLevel::error, "test", "a line");
    ++calls;
  } while (log.lines().size() == calls);
  CHECK(calls >= 6);
}

TEST_CASE("no line is of any length, whatever there is to say") {
  const LogCapture log(LogLevel::error);
  dividere::detail::log(LogLevel::error, "test", std::string(10 << 20, 'x'));
  REQUIRE(log.lines().size() == 1);
  CHECK(log.lines()[0].text.size() < 5000);
}
