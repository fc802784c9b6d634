// The test program: every layer in one binary. To run one layer:  dividere_tests -sf='*/tests/core/*'
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
