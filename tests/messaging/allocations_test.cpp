#include <doctest/doctest.h>

#include <string>

#include "support/child.hpp"

TEST_CASE("a send allocates once, and receiving into a message that is reused not at all") {
  support::Program program("allocations");
  const std::string printed = program.output();
  CAPTURE(printed);
  CHECK(program.status() == 0);
}
