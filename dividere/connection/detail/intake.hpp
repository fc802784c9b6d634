#pragma once

// What a layer above has to say about messages before the user of a Subscriber gets them.

#include <string_view>

namespace dividere::detail {

/// In the thread that receives.
class Intake {
 public:
  virtual ~Intake() = default;

  /// Whether the user gets this message. Called once for each.
  virtual bool takes(std::string_view message) = 0;
};

}  // namespace dividere::detail
