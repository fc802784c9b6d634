#pragma once

// How much of a client's replies libzmq holds.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "frame_source.hpp"

namespace dividere::detail {

/// libzmq's queues are bounded by the number of their messages alone. This bounds the bytes, too: of each client's replies
/// it holds kWindow at most, and of all clients' replies `most`; but one of each client always, however large. Replies
/// of less than kSmall are not counted. In the loop's thread.
class ReplyWindows {
 public:
  /// `onRoom` is called when there is room again where there was none, in any thread, but not after this has ended.
  ReplyWindows(std::size_t most, std::function<void()> onRoom);
  ~ReplyWindows();
  ReplyWindows(const ReplyWindows&) = delete;
  ReplyWindows& operator=(const ReplyWindows&) = delete;

  /// Sends the reply, whose first frame is its client's id, as Socket::trySend(): `full` also where this has no room.
  SendResult trySend(FrameSource& front, Multipart& reply);

  /// From now on there is always room.
  void open() { isOpen_ = true; }

  static constexpr std::size_t kWindow = 4 * 1024 * 1024;
  static constexpr std::size_t kSmall = 16 * 1024;

 private:
  /// What is left of this when libzmq is done with a frame.
  struct Listener {
    std::atomic<std::size_t> held{0};    // bytes of all clients
    std::atomic<bool> isAwaited{false};  // somebody found no room
    std::mutex mutex;
    std::function<void()> onRoom;  // under mutex
    void tell();
  };
  using Held = std::atomic<std::size_t>;  // bytes of one client

  std::shared_ptr<Held> heldBy(std::string_view client);
  bool hasRoom(const Held& held, std::size_t bytes) const;
  Frame counted(Frame&& payload, std::shared_ptr<Held> held, std::size_t bytes) const;
  void forgetEmpty();

  const std::size_t most_;
  const std::shared_ptr<Listener> listener_;
  std::map<std::string, std::shared_ptr<Held>, std::less<>> held_;  // by client
  std::size_t cleanUpAt_ = 64;
  bool isOpen_ = false;
};

}  // namespace dividere::detail
