#include "dividere/messaging/detail/correlation.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using dividere::detail::CorrelationIds;

TEST_CASE("a caller's ids are recognised, each is another, and no two callers share one") {
  CorrelationIds ours, others;
  std::set<std::string> all;
  for (int i = 0; i < 1000; ++i) {
    for (const std::string& id : {ours.next(), others.next()}) {
      REQUIRE(CorrelationIds::isOne(id));
      REQUIRE(id.size() == CorrelationIds::kSize);
      REQUIRE(all.insert(id).second);
    }
  }
}

TEST_CASE("an id of version 0.1 is recognised by its number") {
  const std::string caller = "sixteen random..";
  CHECK(CorrelationIds::isOne(caller + std::string("\0\0\0\0\0\0\0\1", 8)));
  CHECK(CorrelationIds::isOne(caller + std::string("\0\0\xFF\xFF\xFF\xFF\xFF\xFF", 8)));
}

TEST_CASE("a foreign frame is no id, though it be as long as one") {
  CHECK_FALSE(CorrelationIds::isOne(""));
  CHECK_FALSE(CorrelationIds::isOne("507f1f77bcf86cd799439011"));
  CHECK_FALSE(CorrelationIds::isOne("dGVuIGJ5dGVzIG9yIHNvLg=="));
  CHECK_FALSE(CorrelationIds::isOne(std::string(24, '\0')));
  CHECK_FALSE(CorrelationIds::isOne(std::string(24, '\xFF')));
  CHECK_FALSE(CorrelationIds::isOne(CorrelationIds().next() + "x"));
  CHECK_FALSE(CorrelationIds::isOne(CorrelationIds().next().substr(0, 23)));
}
