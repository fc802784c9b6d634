#include <cstdio>

#include "exchange.hpp"

int main() {
  const bool arrived = exchangeGreeting();
  std::puts(arrived ? "a greeting arrived" : "no greeting arrived");
  return arrived ? 0 : 1;
}
