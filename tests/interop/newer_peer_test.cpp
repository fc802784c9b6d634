#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>

#include "golden.pb.h"
#include "peer.hpp"
#include "support/limit.hpp"

using dividere::messaging::Request;
using dividere::messaging::Response;
using interop::noPython;
using interop::Peer;
using interop::Words;

namespace {

constexpr const char* kNewer = "newer_pb2";

// Msg01, of which this program knows field1 alone; the envelope it travels in has fields of its own.
const std::string kText =
    "field1: \"known\" field2: \"unknown\" numbers: -1 numbers: 300 inner { field1: \"a\" inner { field2: \"b\" } } "
    "labels { key: \"k\" value: \"\\377\" } ratio: 0.5";
const std::string kFurther =
    "sentBy: 'newer' sequence: 18446744073709551615 trace: 0.5 trace: -0.5 checksum: 1 sentAt: 2 cause { msgName: 'x' "
    "}";

}  // namespace

TEST_SUITE("newer peer") {
  TEST_CASE("Python to C++: fields that C++ does not know are skipped in the envelope, and survive in the message") {
    if (noPython()) return;
    Response response("tcp://*:*");
    Peer peer("request", {"tcp://localhost:" + std::to_string(response.port())}, kNewer);
    peer.ask({"send", "Msg01", kText, kFurther});
    const Msg01 message = response.recv<Msg01>();
    CHECK(message.field1() == "known");
    response.send(message);
    CHECK(peer.ask({"recv"}) == Words{"Msg01", kText});
  }

  TEST_CASE("C++ to Python: fields that C++ does not know go back to whoever knows them") {
    if (noPython()) return;
    Peer peer("response", {"tcp://*:*"}, kNewer);
    Request request(peer.endpoint());
    Msg01 message;
    message.set_field1("from C++");
    request.send(message);
    CHECK(peer.ask({"recv"}) == Words{"Msg01", "field1: \"from C++\""});
    peer.ask({"send", "Msg01", kText, kFurther});
    request.recvInto(message);
    CHECK(message.field1() == "known");

    request.send(message);
    CHECK(peer.ask({"recv"}) == Words{"Msg01", kText});
  }
}
