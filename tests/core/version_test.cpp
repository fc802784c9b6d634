#include <doctest/doctest.h>
#include <dividere.hpp>

#include <string>

TEST_CASE("the version in words is the version in numbers") {
  CHECK(std::string(dividere::kVersion) == std::to_string(DIVIDERE_VERSION_MAJOR) + "." +
                                               std::to_string(DIVIDERE_VERSION_MINOR) + "." +
                                               std::to_string(DIVIDERE_VERSION_PATCH));
}
