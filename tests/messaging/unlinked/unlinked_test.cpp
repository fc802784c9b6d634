#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/wrappers.pb.h>

#include <dividere.hpp>
#include <string>

#include "../endpoints.hpp"
#include "../fields.hpp"
#include "support/thrown.hpp"

using namespace support;
using dividere::Errc;
using dividere::messaging::Dealer;
using dividere::messaging::Request;
using dividere::messaging::Response;
using google::protobuf::Int32Value;
using google::protobuf::StringValue;

namespace {

const dividere::messaging::ProtoBuffDecoder decoder;

std::string sealed(const std::string& type, const std::string& payload) {
  return fields::envelope(type, "type.googleapis.com/" + type, payload);
}

std::string errorOfPeer(unsigned code, const std::string& text) {
  return sealed("DividereError", fields::ofVarint(1, code) + fields::ofBytes(2, text));
}

StringValue text(const std::string& value) {
  StringValue message;
  message.set_value(value);
  return message;
}

}  // namespace

TEST_CASE("the framework's messages are not linked into this program") {
  for (const char* type : {"msgEnvelope", "DividereError", "Heartbeat"}) {
    CHECK(google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type) == nullptr);
  }
  CHECK(codeOf([] { decoder.decode(sealed("Heartbeat", "")); }) == Errc::unknownType);
}

TEST_CASE("an error that a peer replies with is thrown with its code and text") {
  for (unsigned code = 1; code <= 11; ++code) {
    CAPTURE(code);
    const std::string bytes = errorOfPeer(code, "as the peer says");
    CHECK(codeOf([&] { decoder.decode(bytes); }) == static_cast<Errc>(code));
    CHECK(contains(whatOf([&] { decoder.decode(bytes); }), "as the peer says"));
  }
  for (const unsigned code : {0U, 12U, 20U, 0xFFFFFFFFU}) {
    CHECK(codeOf([&] { decoder.decode(errorOfPeer(code, "")); }) == Errc::handlerFailed);
  }
  CHECK(codeOf([] { decoder.decode(sealed("DividereError", "\xFF")); }) == Errc::unknownType);
}

TEST_CASE("a client is thrown what a response met, whether it asks for a type or not") {
  Response response("tcp://*:*");
  Request request(meeting(response));

  request.send(text("not asked for"));
  CHECK(codeOf([&] { response.recv<Int32Value>(); }) == Errc::wrongType);
  CHECK_FALSE(response.wait(kNow));
  CHECK(codeOf([&] { request.recv(); }) == Errc::unknownType);

  request.send(text("not asked for"));
  CHECK(codeOf([&] { response.recv<Int32Value>(); }) == Errc::wrongType);
  CHECK_FALSE(response.wait(kNow));
  CHECK(codeOf([&] { request.recv<StringValue>(kLimit); }) == Errc::unknownType);

  request.connection().send("junk");
  CHECK(codeOf([&] { response.recv(); }) == Errc::malformed);
  CHECK(response.recv(kNow) == nullptr);
  CHECK(codeOf([&] { request.recv(kLimit); }) == Errc::malformed);

  request.send(text("fine"));
  CHECK(response.recv<StringValue>().value() == "fine");
  response.send(text("and well"));
  CHECK(request.recv<StringValue>().value() == "and well");
}

TEST_CASE("a dealer is thrown the error that a peer replies with") {
  Dealer bound("tcp://*:*");
  Dealer dealer(meeting(bound));
  dealer.connection().send({"route"}, errorOfPeer(8, "too late"));
  dealer.connection().send({"route"}, errorOfPeer(8, "too late"));
  CHECK(codeOf([&] { bound.recv(); }) == Errc::deadlinePassed);
  CHECK(codeOf([&] { bound.recv<StringValue>(); }) == Errc::deadlinePassed);
}
