#pragma once

#include <string>
#include <utility>
#include <vector>

namespace dividere::messaging {

/// What a message is about, beside its type: segments from the general to the special. A Subscriber that asks for
/// topic("plant") gets topic("plant", "line3") too, and all else below it; whole segments match, so "line3" is not
/// "line33".
using Topic = std::vector<std::string>;

/// topic("plant", "line3")
template <class... Segments>
Topic topic(Segments&&... segments) {
  return Topic{std::string(std::forward<Segments>(segments))...};
}

}  // namespace dividere::messaging
