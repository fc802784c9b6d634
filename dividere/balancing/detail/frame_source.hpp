#pragma once

// A socket whose messages are taken frame by frame.

#include <functional>
#include <memory>
#include <utility>

#include "../../reactor/detail/source.hpp"

namespace dividere::detail {

/// What a FrameSource calls; those that are not set, it does not.
struct FrameHooks {
  std::function<void(Multipart&)> onMessage;  // may take the frames
  std::function<void()> onTurn = nullptr;     // the socket may have become writable
  std::function<void()> onEmpty = nullptr;    // nothing is left to be taken
};

/// Makes a loop listen to a socket without handlers: each message goes to one function as it is; one of too many
/// frames as none at all.
class FrameSource final : public Source {
 public:
  FrameSource(std::unique_ptr<Socket> socket, FrameHooks hooks)
      : socket_(std::move(socket)), hooks_(std::move(hooks)) {}

  Socket& socket() override { return *socket_; }

  /// As Socket::trySend().
  SendResult trySend(Multipart& message) { return socket_->trySend(message); }

  bool hasMessage() override {
    if (hooks_.onTurn) hooks_.onTurn();
    if (socket_->ready()) return true;
    if (hooks_.onEmpty) hooks_.onEmpty();
    return false;
  }

  void take() override {
    socket_->tryReceive();
    if (socket_->framesReceived() > Socket::kMostFrames) socket_->inbox().clear();
    hooks_.onMessage(socket_->inbox());
  }

 private:
  std::unique_ptr<Socket> socket_;
  FrameHooks hooks_;
};

}  // namespace dividere::detail
