// What a name service knows, at any time one likes.

#include "dividere/registry/detail/directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using dividere::detail::Directory;
using dividere::detail::RegisterService;
using dividere::detail::ServiceLookupReq;
using dividere::detail::UnregisterService;

namespace {

const Directory::Clock::time_point kStart{};

RegisterService instance(const std::string& server, std::uint32_t port, std::uint32_t leaseMs = 0) {
  RegisterService service;
  service.name = "name";
  service.server = server;
  service.port = port;
  service.leaseMs = leaseMs;
  service.instance = true;
  return service;
}

/// As a peer registers that knows nothing of instances.
RegisterService only(const std::string& server, std::uint32_t port) {
  RegisterService service = instance(server, port);
  service.instance = false;
  return service;
}

UnregisterService gone(const std::string& server, std::uint32_t port, const std::string& name = "name") {
  UnregisterService service;
  service.name = name;
  service.server = server;
  service.port = port;
  return service;
}

/// "server:port", one after the other.
std::vector<std::string> found(Directory& directory, int times, Directory::Clock::time_point now = kStart) {
  std::vector<std::string> all;
  for (int i = 0; i < times; ++i) {
    const auto reply = directory.find(ServiceLookupReq{"name"}, now);
    all.push_back(reply.server + ":" + std::to_string(reply.port));
  }
  return all;
}

using List = std::vector<std::string>;

}  // namespace

TEST_CASE("a name that is not there is unavailable at port 0") {
  Directory directory;
  const auto reply = directory.find(ServiceLookupReq{"nobody"}, kStart);
  CHECK(reply.name == "nobody");
  CHECK(reply.server == "unavailable");
  CHECK(reply.port == 0);
}

TEST_CASE("look-ups of a name go round its instances") {
  Directory directory;
  CHECK(directory.add(instance("a", 1), kStart));
  CHECK(directory.add(instance("a", 2), kStart));
  CHECK(directory.add(instance("b", 1), kStart));
  CHECK(found(directory, 7) == List{"a:1", "a:2", "b:1", "a:1", "a:2", "b:1", "a:1"});
  CHECK(directory.size() == 3);
}

TEST_CASE("a look-up for all has every instance, and one more than the others in its turn") {
  Directory directory;
  directory.add(instance("a", 1), kStart);
  directory.add(instance("b", 2), kStart);
  ServiceLookupReq request{"name"};
  CHECK(directory.find(request, kStart).instances.empty());
  request.all = true;
  const auto reply = directory.find(request, kStart);
  REQUIRE(reply.instances.size() == 2);
  CHECK(reply.server == "b");
  CHECK((reply.instances[0].server == "a" && reply.instances[0].port == 1));
  CHECK((reply.instances[1].server == "b" && reply.instances[1].port == 2));
}

TEST_CASE("an instance that goes does not change whose turn it is") {
  Directory directory;
  for (std::uint32_t port = 1; port <= 4; ++port) directory.add(instance("a", port), kStart);
  CHECK(found(directory, 2) == List{"a:1", "a:2"});
  CHECK(directory.remove(gone("a", 1)));
  CHECK(found(directory, 1) == List{"a:3"});
  CHECK(directory.remove(gone("a", 4)));
  CHECK(found(directory, 3) == List{"a:2", "a:3", "a:2"});
}

TEST_CASE("only the same name, server and port are removed") {
  Directory directory;
  directory.add(instance("a", 1), kStart);
  directory.add(instance("a", 2), kStart);
  CHECK_FALSE(directory.remove(gone("b", 1)));
  CHECK_FALSE(directory.remove(gone("a", 3)));
  CHECK_FALSE(directory.remove(gone("a", 1, "another")));
  CHECK(directory.size() == 2);
  CHECK(directory.remove(gone("a", 1)));
  CHECK_FALSE(directory.remove(gone("a", 1)));
  CHECK(found(directory, 2) == List{"a:2", "a:2"});
}

TEST_CASE("registering the same again is no second instance") {
  Directory directory;
  directory.add(instance("a", 1), kStart);
  directory.add(instance("a", 1), kStart);
  CHECK(directory.size() == 1);
}

TEST_CASE("a lease that is not renewed ends, and not a moment before") {
  Directory directory;
  directory.add(instance("leased", 1, 5000), kStart);
  directory.add(instance("for good", 2), kStart);
  CHECK(found(directory, 2, kStart + 4999ms) == List{"leased:1", "for good:2"});
  CHECK(found(directory, 2, kStart + 5000ms) == List{"for good:2", "for good:2"});
  CHECK(directory.size() == 1);
}

TEST_CASE("a lease that is renewed goes on from then") {
  Directory directory;
  directory.add(instance("a", 1, 5000), kStart);
  directory.add(instance("a", 1, 5000), kStart + 4000ms);
  CHECK(found(directory, 1, kStart + 8999ms) == List{"a:1"});
  CHECK(found(directory, 1, kStart + 9000ms) == List{"unavailable:0"});
}

TEST_CASE("entries whose lease has ended are forgotten though nobody looks them up") {
  Directory directory;
  directory.add(instance("a", 1, 1000), kStart);
  directory.add(instance("a", 2, 3000), kStart);
  directory.expire(kStart + 2000ms);
  CHECK(directory.size() == 1);
  directory.expire(kStart + 3000ms);
  CHECK(directory.size() == 0);
}

TEST_CASE("a peer that knows no instances has one entry a name, the last") {
  Directory directory;
  directory.add(only("a", 1), kStart);
  directory.add(only("a", 2), kStart);  // came back on another port, without a word
  CHECK(found(directory, 2) == List{"a:2", "a:2"});
  directory.add(only("b", 2), kStart);  // or on another machine
  CHECK(found(directory, 2) == List{"b:2", "b:2"});
}

TEST_CASE("entries of the two kinds do not replace each other") {
  Directory directory;
  directory.add(instance("new", 1), kStart);
  directory.add(only("old", 1), kStart);
  directory.add(instance("new", 2), kStart);
  directory.add(only("old", 2), kStart);
  CHECK(found(directory, 3) == List{"new:1", "new:2", "old:2"});
}

TEST_CASE("a service without a name, a server or a port is not taken") {
  Directory directory;
  CHECK_FALSE(directory.add(instance("", 1), kStart));
  CHECK_FALSE(directory.add(instance("a", 0), kStart));
  CHECK_FALSE(directory.add(instance("a", 65536), kStart));
  RegisterService nameless = instance("a", 1);
  nameless.name.clear();
  CHECK_FALSE(directory.add(nameless, kStart));
  CHECK(directory.size() == 0);
  CHECK(directory.add(instance("a", 65535), kStart));
}
