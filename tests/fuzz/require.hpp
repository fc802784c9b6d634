#pragma once

#include <cstdlib>

namespace fuzz {

/// Ends the program, which libFuzzer reports with the input that led here.
inline void require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace fuzz
