#pragma once

// Type filters that can match nothing a publisher sends, though they look as if they were meant to.

#include <google/protobuf/message.h>

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "../../connection/detail/audience.hpp"

namespace dividere::detail {

/// Warns, once a name, of subscribers that ask for a type by its short name, or in another case, and so get nothing. Only a
/// publisher can know: it reads what is asked for, and has the types' full names. As a Publisher, one thread at a time.
class FilterHints {
 public:
  /// To be told of each message that is sent; `isFirst`: of its type and topic. Looks at the subscriptions when a type is
  /// new and, once a second at most, when there are new ones.
  void sent(Audience& audience, const google::protobuf::Message& message, bool isFirst) {
    if (isFirst || audience.newsRead.load(std::memory_order_relaxed) != newsRead_) look(audience, message, isFirst);
  }

 private:
  /// A name that a subscriber asks for, and the full name of the type that it probably means.
  struct Miss {
    std::string asked;
    std::string sent;
  };

  void look(Audience& audience, const google::protobuf::Message& message, bool isFirst);
  void compare(const Census& census, std::string_view type, std::vector<Miss>& misses);
  void compareForm(const Census& census, std::string_view type, std::string_view form, std::vector<Miss>& misses);

  static void warn(const std::string& endpoint, const Miss& miss);

  static constexpr std::size_t kMostNames = 100;  // subscribers choose them

  std::set<std::string, std::less<>> types_;  // all that were sent
  std::set<std::string, std::less<>> warned_;
  std::uint64_t newsRead_ = 0;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace dividere::detail
