#include "golden.hpp"

#include <doctest/doctest.h>
#include <google/protobuf/util/message_differencer.h>

#include <dividere.hpp>

#include "support/thrown.hpp"

using namespace support;
using dividere::messaging::ProtoBuffDecoder;
using dividere::messaging::ProtoBuffEncoder;
using google::protobuf::util::MessageDifferencer;

TEST_CASE("what the Python package sends decodes to the same message, and encodes to the same bytes") {
  const auto all = readGolden();
  REQUIRE(all.size() >= 21);
  for (const Golden& golden : all) {
    CAPTURE(golden.type);
    CAPTURE(golden.text);
    const auto expected = makeMessage(golden.type, golden.text);
    REQUIRE(expected);

    const auto decoded = ProtoBuffDecoder().decode(golden.envelope);
    REQUIRE(decoded);
    CHECK(std::string(decoded->GetTypeName()) == golden.type);
    REQUIRE(decoded->GetDescriptor() == expected->GetDescriptor());
    CHECK(MessageDifferencer::Equals(*decoded, *expected));

    CHECK(ProtoBuffEncoder().encode(*expected) == golden.envelope);
    CHECK(ProtoBuffEncoder().encode(*decoded) == golden.envelope);
  }
}

TEST_CASE("an envelope of the Python package that is cut short anywhere is malformed") {
  for (const Golden& golden : readGolden()) {
    CAPTURE(golden.type);
    for (std::size_t size = 0; size < golden.envelope.size(); ++size) {
      CAPTURE(size);
      const std::string_view prefix = std::string_view(golden.envelope).substr(0, size);
      REQUIRE(codeOf([&] { ProtoBuffDecoder().decode(prefix); }) == dividere::Errc::malformed);
    }
  }
}

TEST_CASE("a subscription to a type matches every envelope of it that the Python package sends") {
  for (const Golden& golden : readGolden()) {
    const std::string topic = dividere::messaging::Subscriber::topicId(golden.type);
    CHECK(golden.envelope.compare(0, topic.size(), topic) == 0);
  }
}
