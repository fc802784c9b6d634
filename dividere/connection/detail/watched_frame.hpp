#pragma once

// A frame whose end is told.

#include <functional>

#include "frame.hpp"

namespace dividere::detail {

/// A frame with the bytes of this one. `released`, which must not throw, is called once when neither libzmq nor anybody else
/// needs them any more, in whichever thread that happens. Throws std::bad_alloc.
Frame watched(Frame&& original, std::function<void()> released);

}  // namespace dividere::detail
