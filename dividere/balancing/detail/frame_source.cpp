#include "frame_source.hpp"

#include <poll.h>

#include <cerrno>

namespace dividere::detail {

bool FrameSource::awaitNews(const Deadline& deadline) {
  pollfd wait{socket_->descriptor(), POLLIN, 0};
  int ready;
  while ((ready = ::poll(&wait, 1, deadline.pollTimeout())) < 0 && errno == EINTR) {
  }
  if (ready > 0) socket_->refresh();
  return ready > 0;
}

}  // namespace dividere::detail
