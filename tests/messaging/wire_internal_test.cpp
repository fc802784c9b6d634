#include "dividere/messaging/detail/wire.hpp"

#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>
#include <system_error>

#include "dividere.pb.h"
#include "dividere/messaging/detail/framework_messages.hpp"
#include "dividere/messaging/detail/refusal.hpp"
#include "fields.hpp"
#include "golden.hpp"
#include "golden.pb.h"
#include "names.hpp"
#include "support/thrown.hpp"

namespace detail = dividere::detail;
using namespace support;
using dividere::Errc;

namespace {

std::string toldBy(const detail::DividereError& error) {
  return detail::sealEnvelope(detail::DividereError::kType, error.encode());
}

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

// --- Errors that a peer answers with ---

TEST_CASE("an error that a peer answers with is thrown here with the same code and text") {
  for (int code = 1; code <= 9; ++code) {
    CAPTURE(code);
    const std::string bytes = toldBy({static_cast<std::uint32_t>(code), "as the peer says"});
    Msg01 message;
    const auto decode = [&] { detail::decodeEnvelopeInto("test", bytes, message); };
    CHECK(codeOf(decode) == static_cast<Errc>(code));
    CHECK(contains(whatOf(decode), "as the peer says"));
  }
}

TEST_CASE("an error of a code that is not known, or none of those that travel, is a handler that failed") {
  for (const std::uint32_t code : {0U, 10U, 20U, 21U, 27U, 1000U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    CAPTURE(code);
    const std::string bytes = toldBy({code, "odd"});
    Msg01 message;
    CHECK(codeOf([&] { detail::decodeEnvelopeInto("test", bytes, message); }) == Errc::handlerFailed);
  }
}

TEST_CASE("an error's text is shown without control characters, and not at any length") {
  const std::string bytes = toldBy({3, "\x1B[2J\n" + std::string(100000, 'x')});
  Msg01 message;
  const std::string what = whatOf([&] { detail::decodeEnvelopeInto("test", bytes, message); });
  CHECK(what.size() < 1000);
  for (const char c : what) REQUIRE((c >= ' ' && c < 127));
}

TEST_CASE("a malformed DividereError is no answer, but of the wrong type") {
  const std::string bytes = detail::sealEnvelope(detail::DividereError::kType, "\xFF");
  Msg01 message;
  CHECK(codeOf([&] { detail::decodeEnvelopeInto("test", bytes, message); }) == Errc::wrongType);
}

TEST_CASE("where DividereError is linked, it can be asked for, and decodes as any message") {
  const std::string bytes = toldBy({2, "full"});
  DividereError error;
  detail::decodeEnvelopeInto("test", bytes, error);
  CHECK((error.code() == 2 && error.text() == "full"));
  const auto decoded = detail::decodeEnvelope("test", bytes);
  CHECK(decoded->GetDescriptor() == DividereError::descriptor());
}

TEST_CASE("errors that do not travel are told to a peer as an unknown type, the others as they are") {
  const auto codeTold = [](std::error_code code) {
    const std::string bytes = detail::errorEnvelope(dividere::Error(code, "here"));
    DividereError told;
    detail::decodeEnvelopeInto("test", bytes, told);
    CHECK(contains(told.text(), "here"));
    return told.code();
  };
  for (std::uint32_t code = 1; code <= 9; ++code) CHECK(codeTold(static_cast<Errc>(code)) == code);
  CHECK(codeTold(Errc::wrongType) == 5);
  CHECK(codeTold(Errc::incomplete) == 5);
  CHECK(codeTold(std::make_error_code(std::errc::io_error)) == 5);
  CHECK(codeTold({1, std::generic_category()}) == 5);
}

// --- Fields ---

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

TEST_CASE("a prototype is found for every linked type and no other") {
  CHECK(detail::newMessage("Msg01")->GetDescriptor() == Msg01::descriptor());
  CHECK(detail::newMessage("Msg01")->GetDescriptor() == Msg01::descriptor());  // from the second time on, cached
  const std::string longest(Name300::descriptor()->full_name());
  CHECK(detail::newMessage(longest)->GetDescriptor() == Name300::descriptor());
  CHECK(detail::newMessage("Msg0") == nullptr);
  CHECK(detail::newMessage("") == nullptr);
}
