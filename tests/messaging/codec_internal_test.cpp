#include "dividere/messaging/detail/codec.hpp"

#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>

#include "golden.hpp"
#include "golden.pb.h"
#include "support/thrown.hpp"

namespace detail = dividere::detail;
using namespace support;
using dividere::Errc;

TEST_CASE("a message encoded into a frame is the envelope that the encoder writes") {
  for (const Golden& golden : readGolden()) {
    const auto message = makeMessage(golden.type, golden.text);
    CHECK(detail::encodeFrame("test", *message).view() == golden.envelope);
  }
}

TEST_CASE("every error names who met it") {
  CHECK(contains(whatOf([] { detail::openEnvelope("the caller", "junk"); }), "the caller"));
  CHECK(contains(whatOf([] { detail::decodeEnvelope("the caller", detail::sealEnvelope("Stranger", "")); }),
                 "the caller"));
  Msg01 message;
  CHECK(contains(whatOf([&] { detail::decodeEnvelopeInto("the caller", detail::sealEnvelope("M", ""), message); }),
                 "the caller"));
}

TEST_CASE("decoding into a message replaces all that it held") {
  Tree tree;
  tree.set_name("old");
  tree.add_child();
  tree.set_branch("old");
  Tree fresh;
  fresh.set_leaf(3);
  detail::decodeEnvelopeInto("test", detail::encodeFrame("test", fresh).view(), tree);
  CHECK(tree.SerializeAsString() == fresh.SerializeAsString());
}

TEST_CASE("decoding another type into a message throws wrongType and names both") {
  Msg01 message;
  message.set_field1("untouched");
  const auto decode = [&] { detail::decodeEnvelopeInto("test", detail::sealEnvelope("Msg02", ""), message); };
  CHECK(codeOf(decode) == Errc::wrongType);
  CHECK(contains(whatOf(decode), "'Msg01'"));
  CHECK(contains(whatOf(decode), "'Msg02'"));
  CHECK(message.field1() == "untouched");
}
