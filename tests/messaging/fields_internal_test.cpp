#include "dividere/messaging/detail/fields.hpp"

#include <doctest/doctest.h>

#include <string>

#include "fields.hpp"

namespace detail = dividere::detail;

TEST_CASE("fields are read one after the other, with their number, kind and value") {
  const std::string bytes = fields::ofBytes(1, "text") + fields::ofVarint(2, 300) +
                            fields::group(3, fields::ofVarint(1, 9)) + fields::ofBytes(536870911, "") +
                            fields::tag(4, fields::kFixed32) + "1234";
  detail::FieldReader field(bytes);
  REQUIRE(field.next());
  CHECK((field.number() == 1 && field.isBytes() && !field.isVarint() && field.bytes() == "text"));
  REQUIRE(field.next());
  CHECK((field.number() == 2 && field.isVarint() && !field.isBytes() && field.varint() == 300));
  REQUIRE(field.next());
  CHECK((field.number() == 3 && !field.isVarint() && !field.isBytes()));
  REQUIRE(field.next());
  CHECK((field.number() == 536870911 && field.isBytes() && field.bytes().empty()));
  REQUIRE(field.next());
  CHECK((field.number() == 4 && !field.isVarint() && !field.isBytes()));
  CHECK_FALSE(field.next());
  CHECK_FALSE(field.failed());
}

TEST_CASE("once reading has failed, it stays so") {
  detail::FieldReader field(
      "\x0A\x05"
      "abc");
  CHECK_FALSE(field.next());
  CHECK(field.failed());
  CHECK_FALSE(field.next());
  CHECK(field.failed());
}
