#pragma once

// What malloc() has given out. A sanitizer has one of its own, of which this knows nothing: all is 0 then.

#include <malloc.h>

#include <cstddef>

namespace support {

inline auto mallocInfo() {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
  return ::mallinfo2();
#else
  return ::mallinfo();
#endif
}

/// Large blocks, which malloc() maps one by one, included.
inline std::size_t bytesInUse() {
  const auto info = mallocInfo();
  return static_cast<std::size_t>(info.uordblks) + static_cast<std::size_t>(info.hblkhd);
}

}  // namespace support
