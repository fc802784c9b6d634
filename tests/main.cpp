// The test program: every layer in one binary. To run one layer:  dividere_tests -sf='*/tests/core/*'
//
// With DIVIDERE_TEST_SECURED in its environment all its sockets, and those of its child processes, have one pair of keys, which
// their own code knows nothing of.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>

#include "support/key_ring.hpp"

int main(int argc, char** argv) {
  std::optional<support::KeyRing> keys;
  if (std::getenv("DIVIDERE_TEST_SECURED")) {
    keys.emplace("self");
    keys->admits(*keys);
    keys->admits(*keys, "authorized.register");
    keys->knows(*keys);
    ::setenv("DIVIDERE_KEYS", keys->directory().c_str(), 1);
  }
  return doctest::Context(argc, argv).run();
}
