#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>
#include <vector>

#include "golden.pb.h"
#include "peer.hpp"
#include "sample.hpp"

using dividere::connection::SocketOptions;
using dividere::messaging::Request;
using dividere::messaging::Response;
using interop::noPython;
using interop::Peer;
using interop::Sample;
using interop::Words;

namespace {

/// Each is sent to Python, which tells what it has read, and sends it back.
void sendToPython(const std::vector<Sample>& samples) {
  Peer peer("response", {"tcp://*:*"});
  Request request(peer.endpoint());
  for (const Sample& sample : samples) {
    CAPTURE(sample);
    request.send(*sample.message());
    CHECK(Sample::of(peer.ask({"recv"})) == sample);
    peer.ask({"send", sample.type, sample.text});
    CHECK(Sample::of(*request.recv()) == sample);
  }
}

/// Each is asked by Python, and sent back.
void receiveFromPython(const std::vector<Sample>& samples) {
  Response response("tcp://*:*");
  Peer peer("request", {"tcp://localhost:" + std::to_string(response.port())});
  for (const Sample& sample : samples) {
    CAPTURE(sample);
    peer.ask({"send", sample.type, sample.text});
    const auto message = response.recv();
    CHECK(Sample::of(*message) == sample);
    response.send(*message);
    CHECK(Sample::of(peer.ask({"recv"})) == sample);
  }
}

const std::vector<Sample> kScalars = {
    {"Scalars",
     "f64: -1.7976931348623157e+308 f32: -3.40282347e+38 i32: -2147483648 i64: -9223372036854775808 "
     "s32: -2147483648 s64: -9223372036854775808 sx32: -2147483648 sx64: -9223372036854775808"},
    {"Scalars",
     "f64: 1.7976931348623157e+308 f32: 3.40282347e+38 i32: 2147483647 i64: 9223372036854775807 "
     "u32: 4294967295 u64: 18446744073709551615 s32: 2147483647 s64: 9223372036854775807 "
     "x32: 4294967295 x64: 18446744073709551615 sx32: 2147483647 sx64: 9223372036854775807 b: true"},
    {"Scalars",
     "f64: 4.9406564584124654e-324 f32: 1.40129846e-45 i32: 1 i64: 1 u32: 1 u64: 1 s32: 1 s64: 1 x32: 1 x64: 1 "
     "sx32: 1 sx64: 1"},
    {"Scalars", "f64: -0.0 f32: -0.0 i32: -1 i64: -1 s32: -1 s64: -1 sx32: -1 sx64: -1"},
    {"Scalars", "f64: 0.1 f32: 0.1 i32: 127 i64: 128 u32: 16383 u64: 16384 s32: -64 s64: -65"},
    {"Scalars", "f64: inf f32: inf"},
    {"Scalars", "f64: -inf f32: -inf"},
    {"Scalars", "f64: nan f32: nan"},
    {"Scalars", "raw: '\\000\\001\\002\\n\\r\\t\\037 ~\\177\\200\\376\\377'"},
};

const std::vector<Sample> kNested = {
    {"Tree", "name: 'root' child { name: 'a' child { name: 'b' child { name: 'c' child {} } } } child {}"},
    {"Tree", "delta: 0 delta: -1 delta: 1 delta: 9223372036854775807 delta: -9223372036854775808"},
    {"Tree", "count { key: '' value: 0 } count { key: 'one' value: 1 } count { key: 'minus' value: -1 }"},
    {"Tree", "leaf: 0"},
    {"Tree", "leaf: -7"},
    {"Tree", "branch: ''"},
    {"Tree", "branch: 'b' colour: GREEN"},
    {"Tree", "colour: 77"},  // a value without a name
    {"Order", "id: 'A1' count: 3 next { id: '' count: 0 }"},
};

const std::vector<Sample> kPackaged = {
    {"outer.inner.Note", "text: 'packaged'"},
    {"Note", "number: 7"},  // of the same short name
    {"outer.inner.Station", "name: 'north' readings { value: -0.5 } readings {}"},
    {"outer.inner.Station.Reading", "value: 1.25"},
};

const std::vector<Sample> kTexts = {
    {"Msg01", "field1: '\\303\\274\\346\\274\\242\\360\\237\\230\\200'"},
    {"Msg01", "field1: 'zero \\000 line \\n tab \\t quote \\' backslash \\\\'"},
    {"Msg01", "field1: '\\357\\277\\277\\364\\217\\277\\277\\355\\237\\277\\356\\200\\200'"},  // the last code points
};

const std::vector<Sample> kEmpty = {
    {"Empty01", ""}, {"Msg01", ""}, {"Scalars", ""}, {"Tree", ""}, {"M", ""}, {"outer.inner.Station", ""},
};

constexpr int k16Mib = 16 << 20;

}  // namespace

TEST_SUITE("values") {
  TEST_CASE("C++ to Python: every scalar at its limits") {
    if (!noPython()) sendToPython(kScalars);
  }
  TEST_CASE("Python to C++: every scalar at its limits") {
    if (!noPython()) receiveFromPython(kScalars);
  }

  TEST_CASE("C++ to Python: nested, repeated, map, oneof, enum and required fields") {
    if (!noPython()) sendToPython(kNested);
  }
  TEST_CASE("Python to C++: nested, repeated, map, oneof, enum and required fields") {
    if (!noPython()) receiveFromPython(kNested);
  }

  TEST_CASE("C++ to Python: packaged names, written in full") {
    if (!noPython()) sendToPython(kPackaged);
  }
  TEST_CASE("Python to C++: packaged names, which Python writes as short ones") {
    if (!noPython()) receiveFromPython(kPackaged);
  }

  TEST_CASE("C++ to Python: text of all of Unicode") {
    if (!noPython()) sendToPython(kTexts);
  }
  TEST_CASE("Python to C++: text of all of Unicode") {
    if (!noPython()) receiveFromPython(kTexts);
  }

  TEST_CASE("C++ to Python: empty messages") {
    if (!noPython()) sendToPython(kEmpty);
  }
  TEST_CASE("Python to C++: empty messages") {
    if (!noPython()) receiveFromPython(kEmpty);
  }

  TEST_CASE("C++ to Python: 16 MiB, and back") {
    if (noPython()) return;
    Peer peer("response", {"tcp://*:*"});
    Request request(peer.endpoint());
    Msg01 message;
    for (int i = 0; message.field1().size() < k16Mib; ++i) *message.mutable_field1() += std::to_string(i);
    request.send(message);
    CHECK(peer.ask({"echo"}) == Words{"Msg01"});
    CHECK((request.recv<Msg01>().field1() == message.field1()));
  }
  TEST_CASE("Python to C++: 16 MiB, and back") {
    if (noPython()) return;
    Response response("tcp://*:*");
    Peer peer("request", {"tcp://localhost:" + std::to_string(response.port())});
    peer.tell({"askLarge", std::to_string(k16Mib)});
    const Msg01 message = response.recv<Msg01>();
    CHECK(message.field1().size() == k16Mib);
    response.send(message);
    CHECK(peer.hear() == Words{"same"});
  }
}
