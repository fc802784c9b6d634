#include "dividere/messaging/detail/envelope_format.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "golden.hpp"

namespace detail = dividere::detail;

namespace {

bool liesWithin(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

}  // namespace

TEST_CASE("an envelope sealed around bytes is the one made of the message, and opens to the same bytes in place") {
  for (const Golden& golden : readGolden()) {
    CAPTURE(golden.type);
    const std::string payload = makeMessage(golden.type, golden.text)->SerializeAsString();
    const std::string sealed = detail::sealEnvelope(golden.type, payload);
    CHECK(sealed == golden.envelope);
    const detail::Envelope opened = detail::openEnvelope("test", sealed);
    CHECK(opened.type == golden.type);
    CHECK(opened.payload == payload);
    CHECK(liesWithin(opened.type, sealed));
    CHECK((payload.empty() || liesWithin(opened.payload, sealed)));
  }
}

TEST_CASE("the tail of number and publisher alone is read at once, and nothing else for one") {
  std::uint64_t number = 0;
  std::uint32_t publisher = 0;
  for (const std::uint64_t sequence : {1ull, 127ull, 128ull, 300'000ull, 1ull << 62}) {
    CAPTURE(sequence);
    const detail::PublicationTail tail(sequence, 0x89ABCDEF);
    REQUIRE(detail::readPlainTail(tail.bytes(), number, publisher));
    CHECK(number == sequence);
    CHECK(publisher == 0x89ABCDEF);
    for (std::size_t i = 0; i < tail.bytes().size(); ++i) {
      CHECK_FALSE(detail::readPlainTail(tail.bytes().substr(0, i), number, publisher));
      CHECK_FALSE(detail::readPlainTail(tail.bytes().substr(i + 1), number, publisher));
    }
  }
  CHECK_FALSE(detail::readPlainTail(detail::PublicationTail(5, 6, 7).bytes(), number, publisher));
  CHECK_FALSE(detail::readPlainTail(detail::PublicationTail(5, 6, 0, 8).bytes(), number, publisher));
  // A number of two varints, and one whose varint does not end before the next field.
  CHECK_FALSE(detail::readPlainTail({"\xA0\x06\x01\x01\xAD\x06\x01\x02\x03\x04", 10}, number, publisher));
  CHECK_FALSE(detail::readPlainTail({"\xA0\x06\x81\xAD\x06\x01\x02\x03\x04", 9}, number, publisher));
}

TEST_CASE("what a publisher appends to an envelope reads as it was said") {
  for (const std::uint64_t sequence : {std::uint64_t{1}, ~std::uint64_t{0}}) {
    const detail::PublicationTail tail(sequence, 0x01020304, -5, 300);
    detail::Publication publication;
    REQUIRE(detail::readTail(tail.bytes(), publication));
    CHECK(publication.sequence == sequence);
    CHECK(publication.publisher == 0x01020304);
    CHECK(publication.sentNs == -5);
    CHECK(publication.kept == 300);
  }
}
