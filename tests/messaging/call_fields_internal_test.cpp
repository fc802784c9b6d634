// What an envelope says of a call: here against what protoc makes of proto/dividere.proto.

#include "dividere/messaging/detail/call_fields.hpp"

#include <doctest/doctest.h>

#include <string>

#include "dividere.pb.h"
#include "dividere/messaging/detail/envelope_format.hpp"
#include "fields.hpp"

namespace detail = dividere::detail;

namespace {

const std::string kEnvelope = detail::sealEnvelope("Msg01", fields::ofVarint(1, 7));

detail::CallFields allSet() {
  detail::CallFields all;
  all.trace = "trace";
  all.timeoutMs = 1500;
  all.method = "Add";
  all.priority = 3;
  all.part = 9;
  all.more = all.asksFeatures = all.takesParts = all.notRepeatable = true;
  return all;
}

bool opens(const std::string& bytes) {
  std::string_view payload;
  return detail::EnvelopeHead("Msg01").opens(bytes, payload) && payload == fields::ofVarint(1, 7);
}

}  // namespace

TEST_CASE("a call's fields are read by protoc's envelope as they were written") {
  msgEnvelope envelope;
  REQUIRE(envelope.ParseFromString(kEnvelope + allSet().serialized()));
  CHECK(envelope.msgname() == "Msg01");
  CHECK(envelope.trace() == "trace");
  CHECK(envelope.timeoutms() == 1500);
  CHECK(envelope.method() == "Add");
  CHECK(envelope.priority() == 3);
  CHECK(envelope.part() == 9);
  CHECK(envelope.more());
  CHECK(envelope.asksfeatures());
  CHECK(envelope.takesparts());
  CHECK(envelope.notrepeatable());
}

TEST_CASE("a call's fields are read from protoc's envelope as they were written") {
  msgEnvelope envelope;
  REQUIRE(envelope.ParseFromString(kEnvelope + allSet().serialized()));
  const std::string bytes = envelope.SerializeAsString();
  detail::CallFields read;
  REQUIRE(detail::readCallFields(bytes, read));
  CHECK(read.serialized() == allSet().serialized());
}

TEST_CASE("fields that have their defaults take no bytes") { CHECK(detail::CallFields().serialized().empty()); }

TEST_CASE("what is no protobuf message has no fields of a call") {
  detail::CallFields read;
  CHECK_FALSE(detail::readCallFields("\x80", read));
  CHECK(detail::readCallFields(fields::ofBytes(104, "no number") + fields::ofVarint(105, 1), read));
  CHECK((read.timeoutMs == 0 && read.method.empty()));
}

TEST_CASE("an envelope with fields of a call is opened as quickly as one without") {
  CHECK(opens(kEnvelope));
  CHECK(opens(kEnvelope + allSet().serialized()));
  CHECK(opens(kEnvelope + fields::ofBytes(200, "of a later version")));
}

TEST_CASE("what stands behind the message and is no field for there is looked at closely") {
  CHECK_FALSE(opens(kEnvelope + fields::ofBytes(2, "")));
  CHECK_FALSE(opens(kEnvelope + fields::ofVarint(104, 5) + fields::ofBytes(1, "Msg01")));
  CHECK_FALSE(opens(kEnvelope + "\x80"));
}
