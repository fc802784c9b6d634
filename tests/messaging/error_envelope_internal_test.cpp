#include "dividere/messaging/detail/error_envelope.hpp"

#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>
#include <system_error>

#include "dividere.pb.h"
#include "dividere/messaging/detail/codec.hpp"
#include "golden.pb.h"
#include "support/thrown.hpp"

namespace detail = dividere::detail;
using namespace support;
using dividere::Errc;

namespace {

std::string toldBy(const detail::DividereError& error) {
  return detail::sealEnvelope(detail::DividereError::kType, error.encode());
}

}  // namespace

TEST_CASE("an error that a peer replies with is thrown here with the same code and text") {
  for (int code = 1; code <= 11; ++code) {
    CAPTURE(code);
    const std::string bytes = toldBy({static_cast<std::uint32_t>(code), "as the peer says"});
    Msg01 message;
    const auto decode = [&] { detail::decodeEnvelopeInto("test", bytes, message); };
    CHECK(codeOf(decode) == static_cast<Errc>(code));
    CHECK(contains(whatOf(decode), "as the peer says"));
  }
}

TEST_CASE("an application's own code travels beside the text, whatever number it is") {
  for (const int failure : {0, 1, 42, -1, 0x7FFFFFFF, -0x7FFFFFFF - 1}) {
    CAPTURE(failure);
    const std::string bytes = detail::errorEnvelope({Errc::handlerFailed, "who: no", "no", failure});
    Msg01 message;
    const auto error = errorOf([&] { detail::decodeEnvelopeInto("test", bytes, message); });
    REQUIRE(error);
    CHECK((error->failure() == failure && error->text() == "no"));
    DividereError told;
    detail::decodeEnvelopeInto("test", bytes, told);
    CHECK(told.failure() == failure);
  }
}

TEST_CASE("an error of a code that is not known, or none of those that travel, is a handler that failed") {
  for (const std::uint32_t code : {0U, 12U, 20U, 21U, 27U, 1000U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
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

TEST_CASE("a malformed DividereError is no reply, but of the wrong type") {
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
  for (std::uint32_t code = 1; code <= 11; ++code) CHECK(codeTold(static_cast<Errc>(code)) == code);
  CHECK(codeTold(Errc::wrongType) == 5);
  CHECK(codeTold(Errc::incomplete) == 5);
  CHECK(codeTold(std::make_error_code(std::errc::io_error)) == 5);
  CHECK(codeTold({1, std::generic_category()}) == 5);
}

TEST_CASE("what a peer says is wrong is read from its envelope, and from nothing else") {
  const auto told = detail::readErrorEnvelope(toldBy({9, "stopping"}));
  REQUIRE(told);
  CHECK((told->code == 9 && told->text == "stopping"));
  for (const std::string& other :
       {std::string(), detail::sealEnvelope("DividereErrors", ""), detail::sealEnvelope("Msg01", ""),
        detail::envelopePrefix(detail::DividereError::kType) + "\xFF",
        detail::sealEnvelope(detail::DividereError::kType, "\xFF")}) {
    CAPTURE(other);
    CHECK_FALSE(detail::readErrorEnvelope(other));
  }
}
