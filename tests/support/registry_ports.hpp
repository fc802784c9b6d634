#pragma once

// The registry's own ports, 5000 and 5001: one test program of the machine has them at a time.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace support {

class RegistryPorts {
 public:
  RegistryPorts() : fd_(::open("/tmp/dividere-test-registry-ports", O_CREAT | O_RDWR | O_CLOEXEC, 0666)) {
    if (fd_ < 0) throw std::runtime_error("/tmp/dividere-test-registry-ports");
    while (::flock(fd_, LOCK_EX) != 0 && errno == EINTR) {
    }
  }
  ~RegistryPorts() { ::close(fd_); }
  RegistryPorts(const RegistryPorts&) = delete;
  RegistryPorts& operator=(const RegistryPorts&) = delete;

 private:
  int fd_;
};

}  // namespace support
