// The fields that this library adds to the registry's messages: against what protoc makes of proto/dividere.proto, and
// invisible to a peer that does not know them.

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "dividere.pb.h"
#include "dividere/messaging/detail/framework_messages.hpp"
#include "golden.pb.h"

namespace detail = dividere::detail;

TEST_CASE("a registration with a lease equals protoc's, both ways") {
  for (const std::uint32_t lease : {0u, 1u, 5000u, 0xFFFFFFFFu}) {
    for (const bool instance : {false, true}) {
      RegisterService protoc;
      protoc.set_servicename("name");
      protoc.set_server("server");
      protoc.set_port(5100);
      protoc.set_leasems(lease);
      protoc.set_instance(instance);
      detail::RegisterService ours;
      ours.name = "name";
      ours.server = "server";
      ours.port = 5100;
      ours.leaseMs = lease;
      ours.instance = instance;
      CHECK(ours.encode() == protoc.SerializeAsString());
      detail::RegisterService read;
      REQUIRE(read.decode(protoc.SerializeAsString()));
      CHECK((read.name == "name" && read.server == "server" && read.port == 5100));
      CHECK((read.leaseMs == lease && read.instance == instance));
    }
  }
}

TEST_CASE("what an endpoint says of itself equals protoc's, both ways, when it is registered and when it is listed") {
  RegisterService protoc;
  protoc.set_servicename("name");
  protoc.set_features(0x8000001F);
  protoc.set_publickey(std::string("\0\xFF key", 6));
  protoc.set_kind("publisher");
  detail::RegisterService ours;
  ours.name = "name";
  ours.traits = {0x8000001F, protoc.publickey(), "publisher"};
  CHECK(ours.encode() == protoc.SerializeAsString());
  detail::RegisterService read;
  REQUIRE(read.decode(protoc.SerializeAsString()));
  CHECK((read.traits.features == 0x8000001F && read.traits.publicKey == protoc.publickey()));
  CHECK(read.traits.kind == "publisher");

  ServiceInstance protocInstance;
  protocInstance.set_server("a");
  protocInstance.set_features(3);
  protocInstance.set_publickey("key");
  protocInstance.set_kind("broker");
  const detail::ServiceInstance instance{"a", 0, {}, {3, "key", "broker"}};
  CHECK(instance.encode() == protocInstance.SerializeAsString());
  detail::ServiceInstance readInstance;
  REQUIRE(readInstance.decode(instance.encode()));
  CHECK((readInstance.traits.features == 3 && readInstance.traits.publicKey == "key"));
  CHECK(readInstance.traits.kind == "broker");
}

TEST_CASE("a look-up for all and its reply equal protoc's, both ways") {
  ServiceLookupReq protocRequest;
  protocRequest.set_servicename("name");
  protocRequest.set_all(true);
  detail::ServiceLookupReq request;
  request.name = "name";
  request.all = true;
  CHECK(request.encode() == protocRequest.SerializeAsString());
  detail::ServiceLookupReq readRequest;
  REQUIRE(readRequest.decode(request.encode()));
  CHECK((readRequest.name == "name" && readRequest.all));

  ServiceLookupRep protoc;
  detail::ServiceLookupRep ours;
  protoc.set_servicename(ours.name = "name");
  protoc.set_server(ours.server = "a");
  protoc.set_port(ours.port = 1);
  for (const std::uint32_t port : {1u, 0u, 65535u}) {
    ServiceInstance* instance = protoc.add_instances();
    instance->set_server(port == 0 ? "" : "a");  // an empty one counts too
    instance->set_port(port);
    ours.instances.push_back({port == 0 ? "" : "a", port, {}});
  }
  CHECK(ours.encode() == protoc.SerializeAsString());
  detail::ServiceLookupRep read;
  REQUIRE(read.decode(protoc.SerializeAsString()));
  REQUIRE(read.instances.size() == 3);
  CHECK((read.instances[2].server == "a" && read.instances[2].port == 65535));
  REQUIRE(read.decode(""));
  CHECK(read.instances.empty());
}

TEST_CASE("a question for changes and its reply equal protoc's, both ways") {
  ServiceLookupReq protocRequest;
  protocRequest.set_since(0x1234567890);
  protocRequest.set_waitms(20000);
  detail::ServiceLookupReq request;
  request.since = 0x1234567890;
  request.waitMs = 20000;
  CHECK(request.encode() == protocRequest.SerializeAsString());
  detail::ServiceLookupReq readRequest;
  REQUIRE(readRequest.decode(request.encode()));
  CHECK((readRequest.since == 0x1234567890 && readRequest.waitMs == 20000));

  ServiceLookupRep protoc;
  protoc.set_revision(0x1234567890);
  protoc.set_changes(true);
  protoc.add_instances()->set_gone(true);
  detail::ServiceLookupRep ours;
  ours.revision = 0x1234567890;
  ours.changes = true;
  ours.instances.emplace_back().gone = true;
  CHECK(ours.encode() == protoc.SerializeAsString());
  detail::ServiceLookupRep read;
  REQUIRE(read.decode(ours.encode()));
  CHECK((read.revision == 0x1234567890 && read.changes && read.instances.at(0).gone));
}

TEST_CASE("an ack that tells of leases equals protoc's, both ways") {
  ack protoc;
  protoc.set_ok(true);
  protoc.set_leases(true);
  CHECK((detail::Ack{true, true, {}}.encode() == protoc.SerializeAsString()));
  detail::Ack read;
  REQUIRE(read.decode(protoc.SerializeAsString()));
  CHECK((read.ok && read.leases));
  protoc.set_leases(false);
  REQUIRE(read.decode(protoc.SerializeAsString()));
  CHECK_FALSE(read.leases);
}

TEST_CASE("a peer that does not know them reads the rest") {
  detail::RegisterService ours;
  ours.name = "name";
  ours.leaseMs = 5000;
  ours.instance = true;
  Msg01 other;  // one text with the number 1, as the name has
  REQUIRE(other.ParseFromString(ours.encode()));
  CHECK(other.field1() == "name");
}
