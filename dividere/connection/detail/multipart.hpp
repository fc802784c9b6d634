#pragma once

// A message of one or more frames.

#include <cstddef>
#include <string_view>
#include <vector>

#include "../dealer.hpp"
#include "frame.hpp"

namespace dividere::detail {

/// A whole message: the frames of its route, then its payload. One that was cleared keeps its memory for the next.
class Multipart {
 public:
  Multipart() = default;
  explicit Multipart(std::vector<Frame>&& frames) : frames_(std::move(frames)) {}

  /// Makes it the message that goes this way.
  void assign(const connection::Route& route, Frame&& payload);

  void push(Frame&& frame) { frames_.push_back(std::move(frame)); }
  void push(std::string_view bytes) { frames_.emplace_back(bytes); }
  void reserve(std::size_t frames) { frames_.reserve(frames); }
  void clear() { frames_.clear(); }

  bool isEmpty() const { return frames_.empty(); }
  std::size_t size() const { return frames_.size(); }

  /// Of all its frames together.
  std::size_t bytes() const;

  // Where there is one frame at least:

  /// Replaces this route.
  void copyRouteTo(connection::Route& route) const;

  Frame& payload() { return frames_.back(); }

  /// Leaves the route.
  Frame takePayload();

  std::vector<Frame>& frames() { return frames_; }
  const std::vector<Frame>& frames() const { return frames_; }

 private:
  std::vector<Frame> frames_;
};

}  // namespace dividere::detail
