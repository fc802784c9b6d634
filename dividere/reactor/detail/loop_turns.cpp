#include "loop_turns.hpp"

namespace dividere::detail {

void LoopTurns::add(Source& source) {
  if (source.isActive_) return;
  next_.push_back(&source);
  source.isActive_ = true;
}

void LoopTurns::drop(Source& source) {
  if (!source.isActive_) return;
  next_.erase(std::find(next_.begin(), next_.end(), &source));
  source.isActive_ = false;
}

void LoopTurns::remove(Source& source) {
  drop(source);
  std::replace(now_.begin(), now_.end(), &source, static_cast<Source*>(nullptr));
}

}  // namespace dividere::detail
