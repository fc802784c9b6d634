#pragma once

// Several messages of one series in one envelope (doc/wire.md), taken apart.

#include <cstdint>
#include <optional>
#include <string_view>

#include "../../connection/detail/frame.hpp"
#include "envelope_format.hpp"
#include "publication.hpp"

namespace dividere::detail {

/// What comes in place of a bundle that cannot be read: whoever decodes it says what is wrong.
Frame refusedBundle(const Publication& bundle);

/// The messages of a bundle, one after the other. Keeps the bundle until its last message is skipped. One thread at a time.
class Bundle {
 public:
  bool isEmpty() const { return next_.count == 0; }

  /// `envelope`: one of which readPublication() says that it is a bundle. What was left of the former one is forgotten.
  void open(Frame&& envelope);

  /// The next message, as readPublication() would say of next(), but that `count` tells how many are left. Valid until the last
  /// one is skipped.
  const Publication& publication() const { return next_; }

  // Where one is left:

  /// It, in the envelope that it would have had alone.
  Frame next();
  void skip();

 private:
  Frame nextOf(std::string_view payload);
  std::string_view nextField() const;

  Frame envelope_;
  Publication next_ = none();
  std::string_view rest_;  // the messages that are left
  std::optional<EnvelopeHead> head_;

  static Publication none() {
    Publication nothing;
    nothing.count = 0;
    return nothing;
  }
};

}  // namespace dividere::detail
