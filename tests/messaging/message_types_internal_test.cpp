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

TEST_CASE("a type's name is of letters, digits and _, with dots between its parts, and not of any length") {
  for (const char* name : {"Msg01", "outer.inner.Note", "_a1.B_2", "x"}) CHECK(detail::isTypeName(name));
  for (const char* name : {"", ".", "..", "a.", ".a", "a..b", "1a", "a.1b", "a b", "a/b", "a-b", "\xC3\xBC", "a\n"}) {
    CAPTURE(name);
    CHECK_FALSE(detail::isTypeName(name));
  }
  CHECK_FALSE(detail::isTypeName(std::string("a\0b", 3)));
  CHECK(detail::isTypeName(Name300::descriptor()->full_name()));
  std::string nested = "a";
  while (nested.size() < 512) nested += ".a";
  CHECK_FALSE(detail::isTypeName(nested));
}

TEST_CASE("a name that no type can have is not looked up") {
  std::string_view whyNot;
  CHECK(detail::newMessage(std::string(256 << 10, '.'), &whyNot) == nullptr);
  CHECK(whyNot == "no type has such a name");
  CHECK(detail::newMessage("Stranger", &whyNot) == nullptr);
  CHECK(whyNot != "no type has such a name");
}
