#include "waker.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <new>
#include <utility>

#include "../error.hpp"
#include "fork.hpp"

namespace dividere::detail {

Waker::Waker() : fd_(open()) {}

Waker::~Waker() { ::close(fd_); }

int Waker::open() {
  const int fd = tryOpen(false);
  if (fd < 0) throw Error({errno, std::generic_category()}, "eventfd");
  return fd;
}

int Waker::tryOpen(bool isAwake) noexcept { return ::eventfd(isAwake ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK); }

void Waker::wake(int fd) noexcept {
  const std::uint64_t one = 1;
  // A full counter (EAGAIN) is as awake as it gets.
  while (::write(fd, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Waker::drain(int fd) noexcept {
  std::uint64_t count;
  while (::read(fd, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

bool Waker::isReadable(int fd) noexcept {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, 0) > 0;
}

Waker& Waker::ofThisThread() {
  // An eventfd inherited by fork() is shared with the parent, who would take our wake-ups.
  struct Mine {
    unsigned generation = forkGeneration();
    Waker waker;
  };
  alignas(Mine) static thread_local unsigned char room[sizeof(Mine)];
  static thread_local Mine* mine = nullptr;
  struct Keeper {
    ~Keeper() {
      if (mine) std::exchange(mine, nullptr)->~Mine();
    }
  };
  if (mine && mine->generation != forkGeneration()) std::exchange(mine, nullptr)->~Mine();
  if (!mine) {
    // At the thread's very end, when static objects and its own older ones may still wait, there is one that stays.
    static thread_local Keeper keeper;
    mine = new (room) Mine;
  }
  return mine->waker;
}

}  // namespace dividere::detail
