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
