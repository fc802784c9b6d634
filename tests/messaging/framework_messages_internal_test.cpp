// The framework's messages are read and written by hand: here against what protoc makes of proto/dividere.proto.

#include "dividere/messaging/detail/framework_messages.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "dividere.pb.h"
#include "fields.hpp"

namespace detail = dividere::detail;

namespace {

const std::vector<std::string> kTexts = {"",
                                         "x",
                                         "serviceTests.MyService",
                                         "\xC3\xBC\xE6\xBC\xA2\xF0\x9F\x98\x80",
                                         std::string("zero\0inside", 11),
                                         std::string(127, 'a'),
                                         std::string(128, 'b'),
                                         std::string(70000, 'c')};
const std::vector<std::uint32_t> kNumbers = {0, 1, 127, 128, 5101, 65535, 0x7FFFFFFF, 0xFFFFFFFF};

/// Bytes that a newer or a hostile peer may send for a message of at most three fields.
std::vector<std::string> oddBytes() {
  using fields::ofBytes;
  using fields::ofVarint;
  using fields::tag;
  std::vector<std::string> all = {
      "",
      ofBytes(1, "first") + ofBytes(1, "last"),  // the last one counts
      ofVarint(1, 1) + ofVarint(1, 0),
      ofVarint(3, 1) + ofVarint(3, 2),
      ofVarint(1, std::uint64_t{1} << 40),        // a bool: not zero
      ofVarint(3, (std::uint64_t{1} << 32) + 7),  // an uint32: its low half
      ofVarint(3, ~std::uint64_t{0}),
      tag(1, fields::kFixed32) + "1234" + tag(3, fields::kFixed64) + "12345678",  // numbers of another wire type
      ofBytes(3, "no number") + ofVarint(2, 5),
      ofBytes(4, "newer") + ofVarint(100, 7) + fields::group(101, ofBytes(1, "not the name")),
      ofBytes(2, "server first") + ofVarint(3, 9) + ofBytes(1, "name last"),
      tag(0, 0) + "1",
      tag(1, 6) + "1",
      tag(1, fields::kGroupEnd),
      fields::groups(100, 99),
      fields::groups(100, 100),
      fields::groups(100, 101),
      ofBytes(1, "name") + std::string(11, '\x80'),
      // Numbers from 100 up are what this library added, as numbers or as messages in the message.
      ofVarint(100, 3000) + ofVarint(101, 1) + ofVarint(102, 1),
      ofVarint(100, ~std::uint64_t{0}) + ofVarint(101, std::uint64_t{1} << 40) + ofVarint(100, 1) + ofVarint(101, 0),
      ofBytes(100, "") + ofBytes(100, ofBytes(1, "10.0.0.1") + ofVarint(2, 5101)) + ofBytes(1, "name"),
      ofBytes(100, ofVarint(2, (std::uint64_t{1} << 32) + 7) + ofBytes(7, "newer") + ofBytes(1, "a") + ofBytes(1, "b")),
      ofBytes(100, ofBytes(1, "whole") + tag(2, fields::kVarint)),
      ofBytes(101, "text") + ofBytes(102, "") + ofBytes(103, ""),
      // A message that comes twice is one, of both.
      ofBytes(102, ofBytes(1, "a") + ofVarint(2, 5101)) + ofBytes(102, ofBytes(1, "b") + ofBytes(3, "name")),
      ofBytes(102, ofBytes(1, "cut short") + tag(2, fields::kVarint)) + ofBytes(102, ofBytes(1, "whole")),
      fields::group(100, "") + tag(101, fields::kFixed32) + "1234" + tag(102, fields::kFixed64) + "12345678",
  };
  const std::string whole = ofBytes(1, "name") + ofBytes(2, "server") + ofVarint(3, 65535) + ofVarint(100, 300) +
                            ofVarint(101, 1) + ofBytes(103, "newer");
  for (std::size_t size = 1; size <= whole.size(); ++size) all.push_back(whole.substr(0, size));
  return all;
}

/// Whatever the bytes are: refused or read as protoc's code does. `same` compares.
template <class Ours, class Protoc, class Same>
void checkReading(const Same& same) {
  CHECK(std::string(Ours::kType) == std::string(Protoc::descriptor()->full_name()));
  for (const std::string& bytes : oddBytes()) {
    CAPTURE(bytes);
    Protoc protoc;
    Ours ours;
    const bool good = protoc.ParseFromString(bytes);
    REQUIRE(ours.decode(bytes) == good);
    if (good) REQUIRE(same(ours, protoc));
  }
}

/// Written as protoc's code does, and read back from that.
template <class Ours, class Protoc, class Same>
void checkWriting(const Ours& ours, const Protoc& protoc, const Same& same) {
  const std::string bytes = protoc.SerializeAsString();
  REQUIRE(ours.encode() == bytes);
  Ours read;
  REQUIRE(read.decode(bytes));
  REQUIRE(same(read, protoc));
}

template <class Ours, class Protoc>
bool sameService(const Ours& ours, const Protoc& protoc) {
  return ours.name == protoc.servicename() && ours.server == protoc.server() && ours.port == protoc.port();
}

template <class Ours, class Protoc>
bool sameInstance(const Ours& ours, const Protoc& protoc) {
  return ours.server == protoc.server() && ours.port == protoc.port() && ours.name == protoc.servicename();
}

/// Calls `check` with both kinds of one content, again and again.
template <class Ours, class Protoc, class Check>
void forServices(const Check& check) {
  for (const std::string& name : kTexts) {
    for (const std::string& server : {kTexts[0], kTexts[2], kTexts[6]}) {
      for (const std::uint32_t port : kNumbers) {
        Protoc protoc;
        protoc.set_servicename(name);
        protoc.set_server(server);
        protoc.set_port(port);
        Ours ours;
        ours.name = name;
        ours.server = server;
        ours.port = port;
        check(ours, protoc);
      }
    }
  }
}

}  // namespace

TEST_CASE("RegisterService equals protoc's, byte for byte, both ways") {
  const auto same = [](const detail::RegisterService& ours, const RegisterService& protoc) {
    return sameService(ours, protoc) && ours.leaseMs == protoc.leasems() && ours.instance == protoc.instance();
  };
  checkReading<detail::RegisterService, RegisterService>(same);
  forServices<detail::RegisterService, RegisterService>([&](auto& ours, auto& protoc) {
    for (const std::uint32_t lease : {0U, 3000U, 0xFFFFFFFFU}) {
      for (const bool instance : {false, true}) {
        ours.leaseMs = lease;
        ours.instance = instance;
        protoc.set_leasems(lease);
        protoc.set_instance(instance);
        checkWriting(ours, protoc, same);
      }
    }
  });
}

TEST_CASE("UnregisterService equals protoc's, byte for byte, both ways") {
  const auto same = [](const auto& ours, const auto& protoc) { return sameService(ours, protoc); };
  checkReading<detail::UnregisterService, UnregisterService>(same);
  forServices<detail::UnregisterService, UnregisterService>(
      [&](auto& ours, auto& protoc) { checkWriting(ours, protoc, same); });
}

TEST_CASE("ServiceLookupRep equals protoc's, byte for byte, both ways") {
  const auto same = [](const detail::ServiceLookupRep& ours, const ServiceLookupRep& protoc) {
    bool equal = sameService(ours, protoc) && ours.isListed == protoc.listed() && ours.more == protoc.more() &&
                 ours.instances.size() == static_cast<std::size_t>(protoc.instances_size());
    for (int i = 0; equal && i < protoc.instances_size(); ++i) {
      equal = sameInstance(ours.instances[static_cast<std::size_t>(i)], protoc.instances(i));
    }
    return equal;
  };
  checkReading<detail::ServiceLookupRep, ServiceLookupRep>(same);
  forServices<detail::ServiceLookupRep, ServiceLookupRep>([&](auto& ours, auto& protoc) {
    checkWriting(ours, protoc, same);
    for (const std::uint32_t port : kNumbers) {
      ours.instances.push_back({ours.server, port, ours.name});
      ServiceInstance* const instance = protoc.add_instances();
      instance->set_server(ours.server);
      instance->set_port(port);
      instance->set_servicename(ours.name);
    }
    ours.isListed = ours.more = true;
    protoc.set_listed(true);
    protoc.set_more(true);
    checkWriting(ours, protoc, same);
  });
}

TEST_CASE("ServiceLookupReq equals protoc's, byte for byte, both ways") {
  const auto same = [](const detail::ServiceLookupReq& ours, const ServiceLookupReq& protoc) {
    return ours.name == protoc.servicename() && ours.all == protoc.all() && ours.pattern == protoc.pattern() &&
           sameInstance(ours.after, protoc.after());
  };
  checkReading<detail::ServiceLookupReq, ServiceLookupReq>(same);
  for (const std::string& name : kTexts) {
    for (const bool all : {false, true}) {
      detail::ServiceLookupReq ours;
      ours.name = name;
      ours.all = all;
      ServiceLookupReq protoc;
      protoc.set_servicename(name);
      protoc.set_all(all);
      checkWriting(ours, protoc, same);
      if (name.empty()) continue;
      protoc.set_pattern(ours.pattern = name);
      ours.after = {name, 5100, name};
      protoc.mutable_after()->set_server(name);
      protoc.mutable_after()->set_port(5100);
      protoc.mutable_after()->set_servicename(name);
      checkWriting(ours, protoc, same);
    }
  }
}

TEST_CASE("ack equals protoc's, byte for byte, both ways") {
  const auto same = [](const detail::Ack& ours, const ack& protoc) {
    return ours.ok == protoc.ok() && ours.leases == protoc.leases() && ours.reason == protoc.reason();
  };
  checkReading<detail::Ack, ack>(same);
  for (const bool ok : {false, true}) {
    for (const bool leases : {false, true}) {
      detail::Ack ours;
      ours.ok = ok;
      ours.leases = leases;
      ack protoc;
      protoc.set_ok(ok);
      protoc.set_leases(leases);
      for (const std::string& reason : kTexts) {
        protoc.set_reason(ours.reason = reason);
        checkWriting(ours, protoc, same);
      }
    }
  }
}

TEST_CASE("DividereError equals protoc's, byte for byte, both ways") {
  const auto same = [](const detail::DividereError& ours, const DividereError& protoc) {
    return ours.code == protoc.code() && ours.text == protoc.text() && ours.failure == protoc.failure();
  };
  checkReading<detail::DividereError, DividereError>(same);
  for (const std::uint32_t code : kNumbers) {
    for (const std::string& text : kTexts) {
      detail::DividereError ours;
      ours.code = code;
      ours.text = text;
      DividereError protoc;
      ours.failure = static_cast<std::int32_t>(code);
      protoc.set_code(code);
      protoc.set_text(text);
      protoc.set_failure(ours.failure);
      checkWriting(ours, protoc, same);
    }
  }
}

TEST_CASE("Features and Credit equal protoc's, byte for byte, both ways") {
  const auto sameFeatures = [](const detail::Features& ours, const Features& protoc) {
    return ours.features == protoc.features();
  };
  const auto sameCredit = [](const detail::Credit& ours, const Credit& protoc) { return ours.parts == protoc.parts(); };
  checkReading<detail::Features, Features>(sameFeatures);
  checkReading<detail::Credit, Credit>(sameCredit);
  for (const std::uint32_t number : kNumbers) {
    Features features;
    features.set_features(number);
    checkWriting(detail::Features{number}, features, sameFeatures);
    Credit credit;
    credit.set_parts(number);
    checkWriting(detail::Credit{number}, credit, sameCredit);
  }
}

TEST_CASE("CancelCall is named as protoc's and has no bytes") {
  CHECK(std::string(detail::CancelCall::kType) == std::string(CancelCall::descriptor()->full_name()));
  CHECK(detail::CancelCall().encode() == CancelCall().SerializeAsString());
}

TEST_CASE("RediscoverReq is named as protoc's and has no bytes") {
  CHECK(std::string(detail::RediscoverReq::kType) == std::string(RediscoverReq::descriptor()->full_name()));
  CHECK(detail::RediscoverReq().encode() == RediscoverReq().SerializeAsString());
}

TEST_CASE("reading a message twice leaves nothing of the first") {
  detail::RegisterService service;
  REQUIRE(service.decode(fields::ofBytes(1, "name") + fields::ofBytes(2, "server") + fields::ofVarint(3, 7) +
                         fields::ofVarint(100, 7) + fields::ofVarint(101, 1)));
  REQUIRE(service.decode(""));
  CHECK((service.name.empty() && service.server.empty() && service.port == 0));
  CHECK((service.leaseMs == 0 && !service.instance));

  detail::ServiceLookupRep reply;
  REQUIRE(reply.decode(fields::ofBytes(100, "")));
  CHECK(reply.instances.size() == 1);
  REQUIRE(reply.decode(""));
  CHECK(reply.instances.empty());
}
