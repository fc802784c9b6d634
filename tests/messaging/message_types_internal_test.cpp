#include "dividere/messaging/detail/message_types.hpp"

#include <doctest/doctest.h>

#include <string>

#include "golden.pb.h"
#include "names.hpp"

namespace detail = dividere::detail;

TEST_CASE("a prototype is found for every linked type and no other") {
  CHECK(detail::newMessage("Msg01")->GetDescriptor() == Msg01::descriptor());
  CHECK(detail::newMessage("Msg01")->GetDescriptor() == Msg01::descriptor());  // from the second time on, cached
  const std::string longest(Name300::descriptor()->full_name());
  CHECK(detail::newMessage(longest)->GetDescriptor() == Name300::descriptor());
  CHECK(detail::newMessage("Msg0") == nullptr);
  CHECK(detail::newMessage("") == nullptr);
}
