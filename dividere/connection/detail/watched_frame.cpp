#include "watched_frame.hpp"

#include <memory>
#include <utility>

namespace dividere::detail {

struct WatchedBytes {
  Frame frame;
  std::function<void()> released;
};

static void releaseWatched(void*, void* hint) {
  takeOver(hint);
  const std::unique_ptr<WatchedBytes> bytes(static_cast<WatchedBytes*>(hint));
  bytes->released();
}

Frame watched(Frame&& original, std::function<void()> released) {
  auto bytes = std::make_unique<WatchedBytes>(WatchedBytes{std::move(original), std::move(released)});
  WatchedBytes& kept = *bytes;
  Frame made;
  if (zmq_msg_init_data(made.native(), kept.frame.data(), kept.frame.size(), releaseWatched, &kept) != 0) {
    zmq_msg_init(made.native());
    throw std::bad_alloc();
  }
  handOver(bytes.release());  // libzmq's from now on
  return made;
}

}  // namespace dividere::detail
