#pragma once

#include <chrono>
#include <thread>

#include "limit.hpp"

namespace support {

/// For what no event tells of: looks until it is so.
template <class Condition>
bool eventually(const Condition& met) {
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  while (!met()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace support
