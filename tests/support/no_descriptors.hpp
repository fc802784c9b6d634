#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <stdexcept>
#include <vector>

#include "child.hpp"

namespace support {

// The sanitizer looks at objects by way of a pipe, and complains of objects when it gets none.
#if defined(__SANITIZE_ADDRESS__) || DIVIDERE_TEST_HAS(address_sanitizer)
constexpr bool kCanDoWithoutDescriptors = false;
#else
constexpr bool kCanDoWithoutDescriptors = true;
#endif

/// While it lives, this process can open no file, or only so many. Those that are open stay so.
class NoDescriptors {
 public:
  explicit NoDescriptors(std::size_t left = 0) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (next < 0) throw std::runtime_error("no descriptor to begin with");
    taken_.push_back(next);
    // As few of them to be taken as can be; poll() wants the limit to be no less than the number it waits on.
    rlimit lower = before_;
    lower.rlim_cur = static_cast<rlim_t>(next) + 64;
    ::setrlimit(RLIMIT_NOFILE, &lower);
    for (int fd; (fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) taken_.push_back(fd);
    for (; left > 0; --left) {
      ::close(taken_.back());
      taken_.pop_back();
    }
  }
  ~NoDescriptors() {
    ::setrlimit(RLIMIT_NOFILE, &before_);
    for (const int fd : taken_) ::close(fd);
  }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
  std::vector<int> taken_;
};

}  // namespace support
