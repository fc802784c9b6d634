#include <doctest/doctest.h>

#include <regex>
#include <set>
#include <string>

#include "dividere/core/detail/random.hpp"

using namespace dividere::detail;

TEST_CASE("a random UUID is of version 4 and no two are the same") {
  const std::regex version4("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = randomUuid();
    CHECK(std::regex_match(uuid, version4));
    seen.insert(uuid);
  }
  CHECK(seen.size() == 100);
}

TEST_CASE("random bytes come in any number") {
  CHECK(randomBytes(0).empty());
  CHECK(randomBytes(100000).size() == 100000);
  CHECK(randomBytes(16) != randomBytes(16));
}
