#include <doctest/doctest.h>

#include <google/protobuf/descriptor.pb.h>

#include <dividere.hpp>
#include <string>
#include <vector>

#include "fields.hpp"
#include "golden.pb.h"
#include "packaged.pb.h"
#include "required.pb.h"
#include "support/thrown.hpp"

using namespace support;
using dividere::Errc;
using fields::any;
using fields::envelope;
using fields::ofBytes;
using fields::ofVarint;
using fields::tag;
using fields::varint;

namespace {

const dividere::messaging::ProtoBuffDecoder decoder;

const std::string kUrl = "type.googleapis.com/";
const std::string kPayload = ofBytes(1, "abcd");  // of Msg01

std::error_code codeDecoding(const std::string& bytes) {
  return codeOf([&] { decoder.decode(bytes); });
}

std::string whatDecoding(const std::string& bytes) {
  return whatOf([&] { decoder.decode(bytes); });
}

bool decodesToMsg01(const std::string& bytes) {
  const auto message = decoder.decode(bytes);
  return message && message->GetDescriptor() == Msg01::descriptor() &&
         static_cast<const Msg01&>(*message).field1() == "abcd";
}

/// A field of each wire type, with numbers that nobody knows.
std::vector<std::string> unknownFields() {
  return {
      ofVarint(100, 1),
      ofVarint(536870911, ~std::uint64_t{0}),  // the greatest field number
      tag(101, fields::kFixed64) + "12345678",
      tag(102, fields::kFixed32) + "1234",
      ofBytes(103, ""),
      ofBytes(104, std::string(300, '\xFF')),
      fields::group(105, ""),
      fields::group(106, ofVarint(1, 7) + ofBytes(2, "in a group") + fields::group(106, ofVarint(3, 1))),
      fields::groups(107, 90),
      ofVarint(3, 5),  // no number of this envelope either
  };
}

}  // namespace

TEST_CASE("an envelope put together by hand decodes") {
  CHECK(decodesToMsg01(envelope("Msg01", kUrl + "Msg01", kPayload)));
}

// --- What an envelope has to have ---

TEST_CASE("no bytes, and bytes that are no protobuf message, are malformed") {
  CHECK(codeDecoding("") == Errc::malformed);
  CHECK(codeDecoding("hello, world") == Errc::malformed);
  CHECK(codeDecoding(std::string(1, '\0')) == Errc::malformed);
  CHECK(codeDecoding(std::string(1000, '\xFF')) == Errc::malformed);
  CHECK(codeDecoding("GET / HTTP/1.1\r\n\r\n") == Errc::malformed);
}

TEST_CASE("an envelope without a name is malformed") {
  CHECK(codeDecoding(ofBytes(2, any(kUrl + "Msg01", kPayload))) == Errc::malformed);
  CHECK(codeDecoding(envelope("", kUrl + "Msg01", kPayload)) == Errc::malformed);
  CHECK(contains(whatDecoding(envelope("", kUrl + "Msg01", kPayload)), "msgName"));
}

TEST_CASE("an envelope without a message is malformed, and the error names the type") {
  CHECK(codeDecoding(ofBytes(1, "Msg01")) == Errc::malformed);
  CHECK(contains(whatDecoding(ofBytes(1, "Msg01")), "Msg01"));
}

TEST_CASE("two envelopes in one buffer are malformed: they would read as one, of which the last wins") {
  const std::string one = envelope("Msg01", kUrl + "Msg01", kPayload);
  const std::string other = envelope("Msg02", kUrl + "Msg02", kPayload);
  CHECK(codeDecoding(one + one) == Errc::malformed);
  CHECK(codeDecoding(one + other) == Errc::malformed);
  CHECK(codeDecoding(ofBytes(1, "Msg02") + one) == Errc::malformed);
  CHECK(codeDecoding(one + ofBytes(2, any(kUrl + "Msg01", kPayload))) == Errc::malformed);
  const std::string twice = any(kUrl + "Msg01", kPayload) + any(kUrl + "Msg01", kPayload);
  CHECK(codeDecoding(ofBytes(1, "Msg01") + ofBytes(2, twice)) == Errc::malformed);
}

TEST_CASE("the fields of an envelope may come in any order") {
  CHECK(decodesToMsg01(ofBytes(2, ofBytes(2, kPayload) + ofBytes(1, kUrl + "Msg01")) + ofBytes(1, "Msg01")));
}

// --- Names ---

TEST_CASE("msgName and the type of msg have to agree") {
  CHECK(codeDecoding(envelope("Msg01", kUrl + "Msg02", kPayload)) == Errc::malformed);
  CHECK(codeDecoding(envelope("Msg0", kUrl + "Msg01", kPayload)) == Errc::malformed);
  CHECK(codeDecoding(envelope("sg01", kUrl + "Msg01", kPayload)) == Errc::malformed);
  CHECK(codeDecoding(envelope("Msg01x", kUrl + "Msg01", kPayload)) == Errc::malformed);
  const std::string what = whatDecoding(envelope("Msg01", kUrl + "Msg02", kPayload));
  CHECK(contains(what, "Msg01"));
  CHECK(contains(what, "Msg02"));
}

TEST_CASE("only what follows the last slash of the type URL counts") {
  CHECK(decodesToMsg01(envelope("Msg01", "Msg01", kPayload)));
  CHECK(decodesToMsg01(envelope("Msg01", "/Msg01", kPayload)));
  CHECK(decodesToMsg01(envelope("Msg01", "types.example.com/a/b/Msg01", kPayload)));
  CHECK(codeDecoding(envelope("Msg01", kUrl, kPayload)) == Errc::malformed);
  CHECK(codeDecoding(envelope("Msg01", "Msg01/", kPayload)) == Errc::malformed);
}

TEST_CASE("without a type URL, msgName says the type") {
  CHECK(decodesToMsg01(ofBytes(1, "Msg01") + ofBytes(2, ofBytes(2, kPayload))));
  CHECK(decodesToMsg01(envelope("Msg01", "", kPayload)));
  CHECK(decoder.decode(ofBytes(1, "Msg01") + ofBytes(2, ""))->ByteSizeLong() == 0);
}

TEST_CASE("a packaged type is found by its full name, and by the short one that Python writes") {
  const std::string payload = ofBytes(1, "text");
  for (const char* name : {"outer.inner.Note", "inner.Note", "Note"}) {
    CAPTURE(name);
    const auto message = decoder.decode(envelope(name, kUrl + "outer.inner.Note", payload));
    REQUIRE(message->GetDescriptor() == outer::inner::Note::descriptor());
    CHECK(static_cast<const outer::inner::Note&>(*message).text() == "text");
  }
  CHECK(decoder.decode(envelope("Reading", kUrl + "outer.inner.Station.Reading", ""))->GetDescriptor() ==
        outer::inner::Station::Reading::descriptor());
  CHECK(codeDecoding(envelope("ote", kUrl + "outer.inner.Note", payload)) == Errc::malformed);
  CHECK(codeDecoding(envelope(".Note", kUrl + "outer.inner.Note", payload)) == Errc::malformed);
  CHECK(codeDecoding(envelope("outer.inner", kUrl + "outer.inner.Note", payload)) == Errc::malformed);
  CHECK(codeDecoding(envelope("outer.inner.Note", kUrl + "Note", payload)) == Errc::malformed);
}

TEST_CASE("a type that is not linked is unknown, and the error names it") {
  CHECK(codeDecoding(envelope("Stranger", kUrl + "Stranger", "")) == Errc::unknownType);
  CHECK(contains(whatDecoding(envelope("Stranger", kUrl + "Stranger", "")), "Stranger"));
  CHECK(codeDecoding(envelope("Stranger", kUrl + "far.away.Stranger", "")) == Errc::unknownType);
  CHECK(contains(whatDecoding(envelope("Stranger", kUrl + "far.away.Stranger", "")), "far.away.Stranger"));
  CHECK(codeDecoding(envelope("outer.inner", kUrl + "outer.inner", "")) == Errc::unknownType);    // a package
  CHECK(codeDecoding(envelope("Tree.Colour", kUrl + "Tree.Colour", "")) == Errc::unknownType);    // an enum
  CHECK(codeDecoding(envelope("Msg01.field1", kUrl + "Msg01.field1", "")) == Errc::unknownType);  // a field
  CHECK(codeDecoding(envelope("..", kUrl + "..", "")) == Errc::unknownType);
}

TEST_CASE("a name of any bytes is shown in the error without control characters, and not at any length") {
  const std::string odd = std::string("\x1B[31m\n\xFF") + '\0' + std::string(100000, 'y');
  const std::string what = whatDecoding(envelope(odd, kUrl + odd, ""));
  CHECK(what.size() < 1000);
  for (const char c : what) REQUIRE((c >= ' ' && c < 127));
}

TEST_CASE("a name that no type can have is unknown at once, however long it is") {
  const std::string dots(256 << 10, '.');
  CHECK(codeDecoding(envelope(dots, kUrl + dots, "")) == Errc::unknownType);
  CHECK(contains(whatDecoding(envelope(dots, kUrl + dots, "")), "no type has such a name"));
}

// --- Types that describe types ---

TEST_CASE("a type that describes types is not taken by somebody who has not asked for it") {
  for (const char* type :
       {"google.protobuf.FileDescriptorSet", "google.protobuf.DescriptorProto", "google.protobuf.FieldOptions"}) {
    CAPTURE(type);
    CHECK(codeDecoding(envelope(type, kUrl + type, "")) == Errc::unknownType);
    CHECK(contains(whatDecoding(envelope(type, kUrl + type, "")), "allowTypes"));
  }
}

TEST_CASE("to ask for a type that describes types is to agree to it") {
  google::protobuf::FileDescriptorSet files;
  files.add_file()->set_name("some.proto");
  dividere::messaging::Dealer bound("tcp://*:*");
  dividere::messaging::Dealer connected("tcp://localhost:" + std::to_string(bound.port()));
  connected.send(files);
  CHECK(bound.recv<google::protobuf::FileDescriptorSet>().file(0).name() == "some.proto");
}

TEST_CASE("a type that is allowed is taken as any other, also by a thread that refused it before") {
  const std::string type = "google.protobuf.EnumDescriptorProto";
  const std::string bytes = envelope(type, kUrl + type, "");
  CHECK(codeDecoding(bytes) == Errc::unknownType);
  dividere::messaging::allowTypes({type});
  CHECK(decoder.decode(bytes)->GetDescriptor() == google::protobuf::EnumDescriptorProto::descriptor());
  CHECK(codeDecoding(envelope("google.protobuf.EnumOptions", "", "")) == Errc::unknownType);
}

// --- What is not known ---

TEST_CASE("fields that are not known are skipped, in the envelope and in its msg, wherever they stand") {
  const std::string name = ofBytes(1, "Msg01"), url = ofBytes(1, kUrl + "Msg01"), value = ofBytes(2, kPayload);
  std::string all;
  for (const std::string& unknown : unknownFields()) {
    CHECK(decodesToMsg01(unknown + name + ofBytes(2, url + value)));
    CHECK(decodesToMsg01(name + unknown + ofBytes(2, url + value)));
    CHECK(decodesToMsg01(name + ofBytes(2, url + value) + unknown));
    CHECK(decodesToMsg01(name + ofBytes(2, unknown + url + value)));
    CHECK(decodesToMsg01(name + ofBytes(2, url + unknown + value)));
    CHECK(decodesToMsg01(name + ofBytes(2, url + value + unknown)));
    all += unknown;
  }
  CHECK(decodesToMsg01(all + name + all + ofBytes(2, all + url + all + value + all) + all));
}

TEST_CASE("a known number with another wire type is a field that is not known") {
  const std::string odd = ofVarint(1, 5) + tag(1, fields::kFixed32) + "1234" + tag(2, fields::kFixed64) + "12345678" +
                          ofVarint(2, 6) + fields::group(1, "") + fields::group(2, ofVarint(1, 1));
  CHECK(decodesToMsg01(odd + ofBytes(1, "Msg01") + ofBytes(2, odd + any(kUrl + "Msg01", kPayload) + odd) + odd));
}

TEST_CASE("a field that is cut short is malformed, known or not") {
  const std::string good = envelope("Msg01", kUrl + "Msg01", kPayload);
  for (const std::string& unknown : unknownFields()) {
    for (std::size_t size = 1; size < unknown.size(); ++size) {
      REQUIRE(codeDecoding(good + unknown.substr(0, size)) == Errc::malformed);
    }
  }
}

// --- Bytes meant to do harm ---

TEST_CASE("lengths beyond the end are malformed, whatever they would add up to") {
  const std::string good = envelope("Msg01", kUrl + "Msg01", kPayload);
  for (const std::uint64_t length : {std::uint64_t{1}, std::uint64_t{0x7FFFFFFF}, std::uint64_t{0x80000000},
                                     std::uint64_t{0xFFFFFFFF}, std::uint64_t{1} << 32, std::uint64_t{1} << 62,
                                     std::uint64_t{1} << 63, ~std::uint64_t{0} - 10, ~std::uint64_t{0}}) {
    CAPTURE(length);
    for (const unsigned number : {1U, 2U, 3U, 100U}) {
      const std::string field = tag(number, fields::kBytes) + varint(length);
      CHECK(codeDecoding(field) == Errc::malformed);
      CHECK(codeDecoding(good + field) == Errc::malformed);
      CHECK(codeDecoding(ofBytes(1, "Msg01") + ofBytes(2, field)) == Errc::malformed);
      CHECK(codeDecoding(good + tag(101, fields::kGroup) + field + tag(101, fields::kGroupEnd)) == Errc::malformed);
    }
  }
}

TEST_CASE("a varint that does not end is malformed, as a tag, a length and a value") {
  const std::string good = envelope("Msg01", kUrl + "Msg01", kPayload);
  const std::string endless(11, '\x80');
  CHECK(codeDecoding(good + endless + std::string(1, '\0')) == Errc::malformed);
  CHECK(codeDecoding(good + tag(100, fields::kVarint) + endless + std::string(1, '\0')) == Errc::malformed);
  CHECK(codeDecoding(good + tag(100, fields::kBytes) + endless + std::string(1, '\0')) == Errc::malformed);
  // Longer than it needs to be, but it does end: as good as any.
  CHECK(decodesToMsg01(good + tag(100, fields::kVarint) + std::string(9, '\x80') + std::string(1, '\0')));
}

TEST_CASE("field number 0, wire types that do not exist and numbers beyond protobuf's are malformed") {
  const std::string good = envelope("Msg01", kUrl + "Msg01", kPayload);
  for (unsigned wireType = 0; wireType < 8; ++wireType) {
    CAPTURE(wireType);
    CHECK(codeDecoding(good + tag(0, wireType) + std::string(8, '\0')) == Errc::malformed);
    CHECK(codeDecoding(good + tag(std::uint64_t{1} << 29, wireType) + std::string(8, '\0')) == Errc::malformed);
  }
  CHECK(codeDecoding(good + tag(100, 6) + std::string(8, '\0')) == Errc::malformed);
  CHECK(codeDecoding(good + tag(100, 7) + std::string(8, '\0')) == Errc::malformed);
}

TEST_CASE("groups that end wrongly, early, late or never are malformed") {
  const std::string good = envelope("Msg01", kUrl + "Msg01", kPayload);
  CHECK(codeDecoding(good + tag(100, fields::kGroupEnd)) == Errc::malformed);
  CHECK(codeDecoding(good + tag(100, fields::kGroup)) == Errc::malformed);
  CHECK(codeDecoding(good + tag(100, fields::kGroup) + ofVarint(1, 1)) == Errc::malformed);
  CHECK(codeDecoding(good + tag(100, fields::kGroup) + tag(101, fields::kGroupEnd)) == Errc::malformed);
  CHECK(codeDecoding(good + fields::group(100, "") + tag(100, fields::kGroupEnd)) == Errc::malformed);
}

TEST_CASE("groups nested without end are malformed, and do not exhaust the stack") {
  const std::string good = envelope("Msg01", kUrl + "Msg01", kPayload);
  CHECK(decodesToMsg01(good + fields::groups(100, 100)));
  CHECK(codeDecoding(good + fields::groups(100, 101)) == Errc::malformed);
  CHECK(codeDecoding(good + fields::groups(100, 1000000)) == Errc::malformed);
}

// --- Payloads ---

TEST_CASE("a payload that is not of its type is malformed, and the error names the type") {
  for (const std::string& payload : {std::string("\x0A"), std::string("\x0A\x05"),
                                     std::string("\x0A\x05"
                                                 "abc"),
                                     std::string("\xFF"), std::string(1, '\0'), tag(9, fields::kGroupEnd)}) {
    CHECK(codeDecoding(envelope("Msg01", kUrl + "Msg01", payload)) == Errc::malformed);
    CHECK(contains(whatDecoding(envelope("Msg01", kUrl + "Msg01", payload)), "Msg01"));
  }
}

TEST_CASE("text that is no UTF-8 is malformed") {
  for (const char* text : {"\xFF", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
    CHECK(codeDecoding(envelope("Msg01", kUrl + "Msg01", ofBytes(1, text))) == Errc::malformed);
  }
  CHECK(decodesToMsg01(envelope("Msg01", kUrl + "Msg01", kPayload + ofBytes(100, "\xFF"))));
}

TEST_CASE("a payload without its required fields is malformed, and the error says which") {
  CHECK(codeDecoding(envelope("Order", kUrl + "Order", "")) == Errc::malformed);
  CHECK(codeDecoding(envelope("Order", kUrl + "Order", ofBytes(1, "A1"))) == Errc::malformed);
  CHECK(contains(whatDecoding(envelope("Order", kUrl + "Order", ofBytes(1, "A1"))), "count"));
  const auto whole = decoder.decode(envelope("Order", kUrl + "Order", ofBytes(1, "A1") + ofVarint(2, 3)));
  CHECK(static_cast<const Order&>(*whole).count() == 3);
}

TEST_CASE("a message may lack any number of required fields: the error stays one that can be read") {
  std::string orders;
  for (int i = 0; i < 100000; ++i) orders += ofBytes(1, "");
  const std::string what = whatDecoding(envelope("Basket", kUrl + "Basket", orders));
  CHECK(contains(what, "order[0].count"));
  CHECK(what.size() < 1000);
}

TEST_CASE("messages nested beyond protobuf's limit are malformed") {
  std::string nested;
  for (int depth = 0; depth < 90; ++depth) nested = ofBytes(2, nested);
  CHECK(decoder.decode(envelope("Tree", kUrl + "Tree", nested))->ByteSizeLong() == nested.size());
  for (int depth = 0; depth < 1000; ++depth) nested = ofBytes(2, nested);
  CHECK(codeDecoding(envelope("Tree", kUrl + "Tree", nested)) == Errc::malformed);
}

TEST_CASE("the types that protobuf makes for the entries of maps are not known by name") {
  // Without a value such a message cannot be encoded: protobuf aborts.
  CHECK(codeDecoding(envelope("Tree.CountEntry", kUrl + "Tree.CountEntry", "")) == Errc::unknownType);
  const std::string entry = ofBytes(1, "key") + ofVarint(2, 7);
  CHECK(codeDecoding(envelope("Tree.CountEntry", kUrl + "Tree.CountEntry", entry)) == Errc::unknownType);
}
