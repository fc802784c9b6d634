#pragma once

// Which of a loop's sources may have messages.

#include <algorithm>
#include <vector>

#include "source.hpp"

namespace dividere::detail {

/// Those that are to have a turn, in order, though no signal of their sockets tells of it. In the loop's thread.
class LoopTurns {
 public:
  bool isEmpty() const { return next_.empty(); }

  /// Once, until it has had its turn.
  void add(Source& source);

  /// It need not have one.
  void drop(Source& source);

  /// It goes: it has none, and of those that have theirs now it is no more.
  void remove(Source& source);

  void clear() { next_.clear(); }

  /// Gives all of them to `take`, and has those come again for which that returns true.
  template <class Take>
  void giveAll(const Take& take) {
    now_.clear();
    now_.swap(next_);
    for (Source* source : now_) source->isActive_ = false;
    // By reference: a source that is removed while another has its turn becomes null here.
    for (Source*& source : now_) {
      if (source && take(*source)) add(*source);
    }
  }

 private:
  std::vector<Source*> next_;
  std::vector<Source*> now_;  // null: removed meanwhile
};

}  // namespace dividere::detail
