#include "readiness.hpp"

#include <sys/epoll.h>

#include <cerrno>

#include "../../core/error.hpp"

namespace dividere::detail {

Readiness::Readiness(int signals) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!epoll_) throw Error({errno, std::generic_category()}, "epoll");
  watch(signals);
  watch(waker_.fd());
}

void Readiness::watch(int fd) {
  epoll_event interest{};
  interest.events = EPOLLIN;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &interest) != 0) {
    throw Error({errno, std::generic_category()}, "epoll_ctl");
  }
}

void Readiness::lookAt(Deadline::Clock::time_point due) {
  if (!alarm_) {
    if (due == Deadline::Clock::time_point::max()) return;
    alarm_.emplace();
    watch(alarm_->fd());
  }
  alarm_->set(due);
}

}  // namespace dividere::detail
