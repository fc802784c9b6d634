// What a registry knows, at any time one likes.

#include "dividere/registry/detail/directory.hpp"

#include "dividere/registry/detail/parked_lookups.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using dividere::detail::Directory;
using dividere::detail::DirectoryLimits;
using dividere::detail::ParkedLookups;
using dividere::detail::RegisterService;
using dividere::detail::ServiceInstance;
using dividere::detail::ServiceLookupReq;
using dividere::detail::UnregisterService;

namespace {

const Directory::Clock::time_point kStart{};
constexpr const char* kHere = "192.0.2.1";  // who registers

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

/// The kinds of all instances, as a look-up for all lists them, in order.
List kinds(Directory& directory) {
  List all;
  for (const auto& each : directory.find(ServiceLookupReq{"name", true}, kStart).instances) {
    all.push_back(each.traits.kind);
  }
  std::sort(all.begin(), all.end());
  return all;
}

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
  CHECK(directory.add(instance("a", 1), kHere, kStart) == "");
  CHECK(directory.add(instance("a", 2), kHere, kStart) == "");
  CHECK(directory.add(instance("b", 1), kHere, kStart) == "");
  CHECK(found(directory, 7) == List{"a:1", "a:2", "b:1", "a:1", "a:2", "b:1", "a:1"});
  CHECK(directory.size() == 3);
}

TEST_CASE("a look-up for all begins with another instance each time") {
  Directory directory;
  for (std::uint32_t port = 1; port <= 3; ++port) directory.add(instance("a", port), kHere, kStart);
  std::vector<std::uint32_t> first;
  for (int i = 0; i < 4; ++i) {
    const auto reply = directory.find(ServiceLookupReq{"name", true}, kStart);
    CHECK(reply.instances.size() == 3);
    first.push_back(reply.instances.at(0).port);
  }
  CHECK(first == std::vector<std::uint32_t>{1, 2, 3, 1});
}

TEST_CASE("a look-up for all has every instance, and one more than the others in its turn") {
  Directory directory;
  directory.add(instance("a", 1), kHere, kStart);
  directory.add(instance("b", 2), kHere, kStart);
  ServiceLookupReq request{"name"};
  CHECK(directory.find(request, kStart).instances.empty());
  request.all = true;
  const auto reply = directory.find(request, kStart);
  REQUIRE(reply.instances.size() == 2);
  CHECK(reply.server == "b");
  CHECK((reply.instances[0].server == "b" && reply.instances[0].port == 2));
  CHECK((reply.instances[1].server == "a" && reply.instances[1].port == 1));
}

TEST_CASE("an instance that goes does not change whose turn it is") {
  Directory directory;
  for (std::uint32_t port = 1; port <= 4; ++port) directory.add(instance("a", port), kHere, kStart);
  CHECK(found(directory, 2) == List{"a:1", "a:2"});
  CHECK(directory.remove(gone("a", 1)));
  CHECK(found(directory, 1) == List{"a:3"});
  CHECK(directory.remove(gone("a", 4)));
  CHECK(found(directory, 3) == List{"a:2", "a:3", "a:2"});
}

TEST_CASE("only the same name, server and port are removed") {
  Directory directory;
  directory.add(instance("a", 1), kHere, kStart);
  directory.add(instance("a", 2), kHere, kStart);
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
  directory.add(instance("a", 1), kHere, kStart);
  directory.add(instance("a", 1), kHere, kStart);
  CHECK(directory.size() == 1);
}

TEST_CASE("a lease that is not renewed ends, and not a moment before") {
  Directory directory;
  directory.add(instance("leased", 1, 5000), kHere, kStart);
  directory.add(instance("for-good", 2), kHere, kStart);
  CHECK(found(directory, 2, kStart + 4999ms) == List{"leased:1", "for-good:2"});
  CHECK(found(directory, 2, kStart + 5000ms) == List{"for-good:2", "for-good:2"});
  CHECK(directory.size() == 1);
}

TEST_CASE("a lease that is renewed goes on from then") {
  Directory directory;
  directory.add(instance("a", 1, 5000), kHere, kStart);
  directory.add(instance("a", 1, 5000), kHere, kStart + 4000ms);
  CHECK(found(directory, 1, kStart + 8999ms) == List{"a:1"});
  CHECK(found(directory, 1, kStart + 9000ms) == List{"unavailable:0"});
}

TEST_CASE("entries whose lease has ended are forgotten though nobody looks them up") {
  Directory directory;
  directory.add(instance("a", 1, 1000), kHere, kStart);
  directory.add(instance("a", 2, 3000), kHere, kStart);
  directory.expire(kStart + 2000ms);
  CHECK(directory.size() == 1);
  directory.expire(kStart + 3000ms);
  CHECK(directory.size() == 0);
}

TEST_CASE("a peer that knows no instances has one entry a name, the last") {
  Directory directory;
  directory.add(only("a", 1), kHere, kStart);
  directory.add(only("a", 2), kHere, kStart);  // came back on another port, without a word
  CHECK(found(directory, 2) == List{"a:2", "a:2"});
  directory.add(only("b", 2), kHere, kStart);  // or on another machine
  CHECK(found(directory, 2) == List{"b:2", "b:2"});
}

TEST_CASE("entries of the two kinds do not replace each other") {
  Directory directory;
  directory.add(instance("new", 1), kHere, kStart);
  directory.add(only("old", 1), kHere, kStart);
  directory.add(instance("new", 2), kHere, kStart);
  directory.add(only("old", 2), kHere, kStart);
  CHECK(found(directory, 3) == List{"new:1", "new:2", "old:2"});
}

TEST_CASE("a service without a name, a server or a port is not taken") {
  Directory directory;
  CHECK(directory.add(instance("", 1), kHere, kStart) != "");
  CHECK(directory.add(instance("a", 0), kHere, kStart) != "");
  CHECK(directory.add(instance("a", 65536), kHere, kStart) != "");
  RegisterService nameless = instance("a", 1);
  nameless.name.clear();
  CHECK(directory.add(nameless, kHere, kStart) != "");
  CHECK(directory.size() == 0);
  CHECK(directory.add(instance("a", 65535), kHere, kStart) == "");
}

// --- Bounds ---

namespace {

RegisterService named(const std::string& name, const std::string& server, std::uint32_t port) {
  RegisterService service = instance(server, port);
  service.name = name;
  return service;
}

std::size_t bytesOf(const std::string& text) { return text.size(); }

}  // namespace

TEST_CASE("a refused registration says why, and leaves nothing behind") {
  Directory directory;
  const auto why = [&](const RegisterService& service) { return directory.add(service, kHere, kStart); };
  CHECK(why(named("", "a", 1)) == "its name is empty");
  CHECK(why(named(std::string(600'000, 'n'), "a", 1)) == "its name has 600000 bytes, more than 255");
  CHECK(why(named("n", std::string(600'000, 'h'), 1)) == "its host has 600000 bytes, more than 253");
  CHECK(why(named("n", "not a host", 1)) == "its host 'not a host' is no host name and no address");
  CHECK(why(named("n", "unavailable", 1)) == "its host 'unavailable' means that there is none");
  CHECK(why(named("n", "a", 65536)) == "its port 65536 is not between 1 and 65535");
  CHECK(directory.size() == 0);
}

TEST_CASE("a name has so many instances and no more; those that are there are renewed all the same") {
  DirectoryLimits limits;
  limits.instancesPerName = 2;
  Directory directory(limits);
  CHECK(directory.add(instance("a", 1, 1000), kHere, kStart) == "");
  CHECK(directory.add(only("a", 2), kHere, kStart) == "");
  CHECK(directory.add(instance("a", 3), kHere, kStart) == "the name has 2 instances, and no more are taken");
  CHECK(directory.add(named("another", "a", 3), kHere, kStart) == "");
  CHECK(directory.add(instance("a", 1, 1000), kHere, kStart + 500ms) == "");
  CHECK(directory.add(only("b", 4), kHere, kStart) == "");  // in the place of the one like it
  CHECK(found(directory, 2, kStart + 1499ms) == List{"a:1", "b:4"});
  CHECK(found(directory, 2, kStart + 1500ms) == List{"b:4", "b:4"});
  CHECK(directory.add(instance("a", 3), kHere, kStart) == "");
}

TEST_CASE("a registry has so many entries and no more, until some go") {
  DirectoryLimits limits;
  limits.entries = 2;
  Directory directory(limits);
  CHECK(directory.add(named("a", "h", 1), kHere, kStart) == "");
  CHECK(directory.add(named("b", "h", 1), kHere, kStart) == "");
  CHECK(directory.add(named("c", "h", 1), kHere, kStart) == "the registry has 2 entries, and no more are taken");
  CHECK(directory.add(named("b", "h", 1), kHere, kStart) == "");
  CHECK(directory.remove(gone("h", 1, "a")));
  CHECK(directory.add(named("c", "h", 1), kHere, kStart) == "");
  CHECK(directory.size() == 2);
}

TEST_CASE("one host registers so many entries and no more, and leaves room for others") {
  DirectoryLimits limits;
  limits.entriesPerHost = 2;
  Directory directory(limits);
  const auto add = [&](std::uint32_t port, const char* registrant, std::uint32_t leaseMs = 0) {
    return directory.add(instance("a", port, leaseMs), registrant, kStart);
  };
  CHECK(add(1, kHere, 1000) == "");
  CHECK(add(2, kHere) == "");
  CHECK(add(3, kHere) == "this host has registered 2 entries, and no more are taken from it");
  CHECK(add(3, "192.0.2.2") == "");
  CHECK(add(3, kHere) == "");  // renewed: it stays the other one's
  directory.expire(kStart + 1000ms);
  CHECK(add(1, kHere) == "");
  CHECK(add(4, kHere) != "");
  CHECK(directory.remove(gone("a", 3)));
  CHECK(add(4, kHere) != "");
  CHECK(directory.remove(gone("a", 2)));
  CHECK(add(4, kHere) == "");
}

TEST_CASE("the reply that lists all instances is never too long, and each has its turn to be in it") {
  DirectoryLimits limits;
  limits.replyBytes = 10'000;
  Directory directory(limits);
  const std::string host(60, 'h');
  const std::string longHost = host + "." + host + "." + host + ".";
  for (std::uint32_t port = 1; port <= 200; ++port) directory.add(instance(longHost, port), kHere, kStart);
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 5; ++i) {
    const auto reply = directory.find(ServiceLookupReq{"name", true}, kStart);
    CHECK(bytesOf(reply.encode()) <= limits.replyBytes);
    CHECK(reply.instances.size() >= 40);
    CHECK(reply.instances.front().port == reply.port);
    for (const ServiceInstance& each : reply.instances) seen.insert(each.port);
  }
  CHECK(seen.size() == 200);
}

TEST_CASE("where not even one instance fits beside it, the reply tells of one alone") {
  DirectoryLimits limits;
  limits.replyBytes = 0;
  Directory directory(limits);
  directory.add(instance("a", 1), kHere, kStart);
  const auto reply = directory.find(ServiceLookupReq{"name", true}, kStart);
  CHECK((reply.server == "a" && reply.port == 1));
  CHECK(reply.instances.empty());
}

// --- Patterns ---

namespace {

/// All parts of a list, "name@server:port" each.
List listed(Directory& directory, const std::string& pattern, Directory::Clock::time_point now = kStart,
            std::size_t most = SIZE_MAX) {
  List all;
  ServiceLookupReq request;
  request.pattern = pattern;
  for (bool more = true; more;) {
    const auto reply = directory.find(request, now);
    CHECK(reply.isListed);
    CHECK(bytesOf(reply.encode()) <= most);
    for (const ServiceInstance& each : reply.instances) {
      all.push_back(each.name + "@" + each.server + ":" + std::to_string(each.port));
    }
    more = reply.more;
    if (more) request.after = reply.instances.back();
  }
  return all;
}

}  // namespace

TEST_CASE("a pattern lists the instances of the names that begin so, by name, host and port") {
  Directory directory;
  directory.add(named("camera.right", "b", 2), kHere, kStart);
  directory.add(named("camera.left", "b", 10), kHere, kStart);
  directory.add(named("camera.left", "b", 9), kHere, kStart);
  directory.add(named("camera.left", "a", 11), kHere, kStart);
  directory.add(named("camera", "c", 1), kHere, kStart);
  directory.add(named("camerb", "c", 1), kHere, kStart);
  CHECK(listed(directory, "camera.*") ==
        List{"camera.left@a:11", "camera.left@b:9", "camera.left@b:10", "camera.right@b:2"});
  CHECK(listed(directory, "camera.left") == List{"camera.left@a:11", "camera.left@b:9", "camera.left@b:10"});
  CHECK(listed(directory, "camera") == List{"camera@c:1"});
  CHECK(listed(directory, "camera*").size() == 5);
  CHECK(listed(directory, "*").size() == 6);
  CHECK(listed(directory, "*.left").empty());  // an asterisk counts at the end alone
  CHECK(listed(directory, "nobody*").empty());
}

TEST_CASE("an instance whose lease has ended is in no list") {
  Directory directory;
  directory.add(instance("a", 1, 1000), kHere, kStart);
  directory.add(instance("a", 2), kHere, kStart);
  CHECK(listed(directory, "name", kStart + 999ms).size() == 2);
  CHECK(listed(directory, "*", kStart + 1000ms) == List{"name@a:2"});
}

TEST_CASE("a long list comes in parts, each short enough, and none is lost or there twice") {
  for (const std::size_t most : {std::size_t{0}, std::size_t{150}, std::size_t{1000}}) {
    CAPTURE(most);
    DirectoryLimits limits;
    limits.replyBytes = most;
    Directory directory(limits);
    List expected;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
      const std::string name = std::string("camera.") + letter;
      for (std::uint32_t port = 1; port <= 9; ++port) {
        directory.add(named(name, "h", port), kHere, kStart);
        expected.push_back(name + "@h:" + std::to_string(port));
      }
    }
    CHECK(listed(directory, "camera.*", kStart, std::max<std::size_t>(most, 100)) == expected);
  }
}

// --- What endpoints say of themselves ---

TEST_CASE("an instance is listed with what it said last of itself, by its name and by a pattern") {
  Directory directory;
  RegisterService publisher = instance("a", 1);
  publisher.traits = {5, "key", "publisher"};
  CHECK(directory.add(publisher, kHere, kStart).empty());
  CHECK(directory.add(instance("b", 2), kHere, kStart).empty());
  CHECK(kinds(directory) == List{"", "publisher"});
  ServiceLookupReq request{"n*"};
  request.pattern = "n*";
  const auto listed = directory.find(request, kStart).instances;
  REQUIRE(listed.size() == 2);
  CHECK((listed[0].traits.kind == "publisher" && listed[0].traits.publicKey == "key"));
  CHECK(listed[0].traits.features == 5);
  publisher.traits.kind = "broker";
  CHECK(directory.add(publisher, kHere, kStart).empty());
  CHECK(kinds(directory) == List{"", "broker"});
}

TEST_CASE("a kind or a key that is too long, or a kind that is no text, is refused in words") {
  Directory directory;
  RegisterService service = instance("a", 1);
  service.traits.kind = std::string(65, 'k');
  CHECK(directory.add(service, kHere, kStart) == "its kind has 65 bytes, more than 64");
  service.traits.kind = "a\nb";
  CHECK(directory.add(service, kHere, kStart).find("control character") != std::string::npos);
  service.traits = {0, std::string(65, '\0'), {}};
  CHECK(directory.add(service, kHere, kStart) == "its public key has 65 bytes, more than 64");
  service.traits = {0, std::string(64, '\xFF'), std::string(64, 'k')};
  CHECK(directory.add(service, kHere, kStart).empty());
}

// --- Changes ---

namespace {

/// What has changed since a revision: "+server:port" and "-server:port". "list" if that is not known any more.
List changed(const Directory& directory, std::uint64_t since, const std::string& pattern = "name",
             Directory::Clock::time_point now = kStart) {
  ServiceLookupReq request{pattern};
  request.pattern = pattern;
  request.since = since;
  const auto reply = directory.changesFor(request, now);
  if (!reply.changes) return {"list"};
  CHECK(reply.revision == directory.changes().revision());
  List all;
  for (const auto& each : reply.instances) {
    all.push_back((each.gone ? "-" : "+") + each.server + ":" + std::to_string(each.port));
  }
  return all;
}

}  // namespace

TEST_CASE("a directory remembers who has come and gone since a revision, of the names that are asked for") {
  Directory directory;
  const auto start = directory.changes().revision();
  CHECK(changed(directory, start).empty());
  directory.add(instance("a", 1), kHere, kStart);
  RegisterService other = instance("b", 2);
  other.name = "other";
  directory.add(other, kHere, kStart);
  const auto middle = directory.changes().revision();
  directory.remove(gone("a", 1));
  CHECK(changed(directory, start) == List{"+a:1", "-a:1"});
  CHECK(changed(directory, middle) == List{"-a:1"});
  CHECK(changed(directory, start, "o*") == List{"+b:2"});
  CHECK(changed(directory, start, "*") == List{"+a:1", "+b:2", "-a:1"});
}

TEST_CASE("a renewal is no change, but for one that says another kind, or whose lease had ended") {
  Directory directory;
  const auto start = directory.changes().revision();
  RegisterService service = instance("a", 1, 1000);
  for (int i = 0; i < 3; ++i) directory.add(service, kHere, kStart);
  CHECK(changed(directory, start) == List{"+a:1"});
  service.traits.kind = "broker";
  directory.add(service, kHere, kStart);
  CHECK(changed(directory, start) == List{"+a:1", "+a:1"});
  directory.add(service, kHere, kStart + 1s);
  CHECK(changed(directory, start) == List{"+a:1", "+a:1", "+a:1"});
}

TEST_CASE("an end of a lease and a replacement are changes") {
  Directory directory;
  const auto start = directory.changes().revision();
  directory.add(instance("a", 1, 1000), kHere, kStart);
  directory.expire(kStart + 1s);
  directory.add(only("b", 2), kHere, kStart);
  directory.add(only("c", 3), kHere, kStart);
  CHECK(changed(directory, start) == List{"+a:1", "-a:1", "+b:2", "+c:3", "-b:2"});
}

TEST_CASE("who is too far behind, ahead, or of another registry's life, is told the list") {
  Directory directory, other;
  const auto start = directory.changes().revision();
  for (int i = 0; i < 3000; ++i) {
    directory.add(instance("a", 1), kHere, kStart);
    directory.remove(gone("a", 1));
  }
  CHECK(changed(directory, start) == List{"list"});
  CHECK(changed(directory, directory.changes().revision() + 1) == List{"list"});
  CHECK(changed(directory, other.changes().revision()) == List{"list"});
  CHECK(changed(directory, directory.changes().revision() - 2) == List{"+a:1", "-a:1"});
}

TEST_CASE("more changes than fit are told in parts") {
  DirectoryLimits limits;
  limits.replyBytes = 100;
  Directory directory(limits);
  const auto start = directory.changes().revision();
  for (std::uint32_t port = 1; port <= 10; ++port) directory.add(instance("a", port), kHere, kStart);
  ServiceLookupReq request{"name"};
  request.pattern = "name";
  request.since = start;
  std::vector<std::uint32_t> ports;
  for (int parts = 0; request.since != directory.changes().revision(); ++parts) {
    REQUIRE(parts < 10);
    const auto reply = directory.changesFor(request, kStart);
    REQUIRE(reply.instances.size() < 10);
    for (const auto& each : reply.instances) ports.push_back(each.port);
    request.since = reply.revision;
  }
  CHECK(ports == std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

// --- Look-ups that wait ---

namespace {

ServiceLookupReq waiting(const Directory& directory, std::uint32_t waitMs) {
  ServiceLookupReq request{"name"};
  request.pattern = "name";
  request.since = directory.changes().revision();
  request.waitMs = waitMs;
  return request;
}

/// How many replies there are now.
int served(ParkedLookups& parked, const Directory& directory, Directory::Clock::time_point now = kStart) {
  int replies = 0;
  parked.serve(directory, now, [&](const auto&, const auto&) { ++replies; });
  return replies;
}

}  // namespace

TEST_CASE("a look-up waits for a change of what it asks for, or for its time, a minute at most") {
  Directory directory;
  ParkedLookups parked;
  CHECK(parked.add({"peer"}, waiting(directory, 1000), kHere, kStart));
  CHECK(parked.add({"peer"}, waiting(directory, 0xFFFFFFFF), kHere, kStart));
  RegisterService other = instance("b", 2);
  other.name = "other";
  directory.add(other, kHere, kStart);
  CHECK(served(parked, directory) == 0);
  CHECK(served(parked, directory, kStart + 1s) == 1);
  CHECK(served(parked, directory, kStart + 59s) == 0);
  CHECK(served(parked, directory, kStart + 60s) == 1);
  CHECK(parked.isEmpty());
  CHECK(parked.add({"peer"}, waiting(directory, 1000), kHere, kStart));
  directory.add(instance("a", 1), kHere, kStart);
  CHECK(served(parked, directory) == 1);
}

TEST_CASE("look-ups that wait are bounded: for one host, in all, and in what they bring") {
  Directory directory;
  ParkedLookups parked;
  const auto request = waiting(directory, 1000);
  CHECK_FALSE(parked.add({std::string(300, 'r')}, request, kHere, kStart));
  int taken = 0;
  while (taken < 20'000 && parked.add({"peer"}, request, kHere, kStart)) ++taken;
  CHECK(taken == 2'000);
  for (int host = 0; host < 10; ++host) {
    while (taken < 20'000 && parked.add({"peer"}, request, "host " + std::to_string(host), kStart)) ++taken;
  }
  CHECK(taken == 10'000);
  CHECK(served(parked, directory, kStart + 1s) == 10'000);
  CHECK(parked.add({"peer"}, request, kHere, kStart));
}
