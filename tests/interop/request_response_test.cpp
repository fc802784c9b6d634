#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>

#include "peer.hpp"
#include "sample.hpp"
#include "support/thrown.hpp"

using dividere::Errc;
using dividere::messaging::Request;
using dividere::messaging::Response;
using interop::kSamples;
using interop::noPython;
using interop::Peer;
using interop::Sample;
using interop::Words;
using namespace support;

namespace {

std::string local(const Response& response) { return "tcp://localhost:" + std::to_string(response.port()); }

}  // namespace

TEST_SUITE("request/response") {
  TEST_CASE("Python binds, C++ connects: questions and replies of all types") {
    if (noPython()) return;
    Peer peer("response", {"tcp://*:*"});
    Request request(peer.endpoint());
    for (const Sample& question : kSamples) {
      for (const Sample& answer : kSamples) {
        request.send(*question.message());
        REQUIRE(Sample::of(peer.ask({"recv"})) == question);
        peer.ask({"send", answer.type, answer.text});
        REQUIRE(Sample::of(*request.recv()) == answer);
      }
    }
  }

  TEST_CASE("C++ binds, Python connects: questions and replies of all types") {
    if (noPython()) return;
    Response response("tcp://*:*");
    Peer peer("request", {local(response)});
    for (const Sample& question : kSamples) {
      for (const Sample& answer : kSamples) {
        peer.ask({"send", question.type, question.text});
        REQUIRE(Sample::of(*response.recv()) == question);
        response.send(*answer.message());
        REQUIRE(Sample::of(peer.ask({"recv"})) == answer);
      }
    }
  }

  TEST_CASE("Python binds, C++ connects: requests go to a Python and a C++ response in turn") {
    if (noPython()) return;
    Peer peer("response", {"tcp://*:*"});
    Response response("tcp://*:*");
    Request request({peer.endpoint(), local(response)});
    for (int i = 0; i < 3; ++i) {
      request.send(*kSamples[0].message());
      CHECK(peer.ask({"echo"}) == Words{"Msg01"});
      CHECK(Sample::of(*request.recv()) == kSamples[0]);
      request.send(*kSamples[1].message());
      response.send(*response.recv());
      CHECK(Sample::of(*request.recv()) == kSamples[1]);
    }
  }

  TEST_CASE(
      "C++ binds, Python connects: what C++ cannot take is answered with an error that Python reports, and goes on") {
    if (noPython()) return;
    Response response("tcp://*:*");
    Peer peer("request", {local(response)}, "newer_pb2");
    peer.ask({"sendBytes", "6a756e6b"});
    CHECK(codeOf([&] { response.recv(); }) == Errc::malformed);
    CHECK_FALSE(response.wait(std::chrono::milliseconds(0)));
    CHECK(peer.ask({"recv"}) == Words{"unknown", "DividereError"});

    peer.ask({"send", "OnlyNewer", "text: 'not known here'"});
    CHECK(codeOf([&] { response.recv(); }) == Errc::unknownType);
    CHECK_FALSE(response.wait(std::chrono::milliseconds(0)));
    CHECK(peer.ask({"recv"}) == Words{"unknown", "DividereError"});

    peer.ask({"send", "Msg01", "field1: 'fine'"});
    response.send(*response.recv());
    CHECK(peer.ask({"recv"}) == Words{"Msg01", "field1: \"fine\""});
  }
}
