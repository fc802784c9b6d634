// What is taken for an endpoint, what is not, and what happens to the files of ipc endpoints.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <dividere.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/temp_dir.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;

namespace {

struct Bad {
  std::string endpoint;
  std::string why;
};

/// Wrong whether bound or connected.
const std::vector<Bad> kBad = {
    {"", "it is empty"},
    {"localhost", "it has no transport"},
    {"localhost:5555", "it has no transport"},
    {"tcp:/localhost:5555", "it has no transport"},
    {"://localhost:5555", "transport '' is not supported"},
    {"TCP://localhost:5555", "transport 'TCP' is not supported"},
    {"udp://localhost:5555", "transport 'udp' is not supported"},
    {"pgm://localhost:5555", "transport 'pgm' is not supported"},
    {"http://localhost:5555", "transport 'http' is not supported: use tcp, ipc or inproc"},
    {"tcp://", "it has no port"},
    {"tcp://localhost", "it has no port: write tcp://localhost:port"},
    {"tcp://[::1]", "it has no port"},
    {"tcp://:5555", "it has no host"},
    {"tcp://localhost:", "its port is empty"},
    {"tcp://localhost:http", "port 'http' is not a number"},
    {"tcp://localhost:-1", "port '-1' is not a number"},
    {"tcp://localhost:+1", "port '+1' is not a number"},
    {"tcp://localhost:1e3", "port '1e3' is not a number"},
    {"tcp://localhost:65536", "port '65536' is not between 1 and 65535"},
    {"tcp://localhost:99999999999999999999", "is not between 1 and 65535"},
    {"tcp://localhost:00000", "is not between 1 and 65535"},
    {"tcp://localhost:5555/", "port '5555/' is not a number"},
    {"tcp://localhost/:5555", "host 'localhost/' cannot be a host"},
    {"tcp://::1:5555", "an IPv6 address needs brackets"},
    {"tcp://[::1:5555", "lacks its closing bracket"},
    {"tcp://[]:5555", "lacks its closing bracket"},
    {"tcp://[fe80::*]:5555", "cannot be a host"},
    {"tcp://[::1]]:5555", "cannot be a host"},
    {"tcp://**:5555", "host '**' cannot be a host"},
    {"tcp://local host:5555", "it has a space or control character"},
    {" tcp://localhost:5555", "it has a space or control character"},
    {"tcp://localhost:5555\n", "it has a space or control character"},
    {std::string("tcp://localhost:5555\0", 21), "it has a space or control character"},
    {"ipc://", "it has no path"},
    {"ipc://@", "its abstract name is empty"},
    {"ipc://" + std::string(108, 'x'), "its path has 108 bytes, the system allows 107"},
    {"inproc://", "it has no name"},
};

const std::vector<Bad> kBadToConnect = {
    {"tcp://*:5555", "host '*' means every interface, and cannot be connected to"},
    {"tcp://localhost:*", "port '*' means any free one, and cannot be connected to"},
    {"tcp://localhost:0", "port '0' means any free one, and cannot be connected to"},
    {"ipc://*", "path '*' means a fresh one, and cannot be connected to"},
};

/// The error says who, that it was to be bound or connected, what, and why.
void checkRefusal(const std::string& what, const std::string& who, const Bad& bad) {
  CAPTURE(bad.endpoint);
  std::string shown = bad.endpoint;
  for (char& c : shown) c = c <= ' ' ? '?' : c;
  CHECK(contains(what, who + " '" + shown + "': "));
  CHECK(contains(what, bad.why));
  CHECK(contains(what, "bad endpoint"));
}

bool exists(const std::string& path) { return std::filesystem::exists(std::filesystem::symlink_status(path)); }

/// What is left when a server dies without tidying up.
void leaveStaleSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(fd, 1) == 0);
  ::close(fd);
  REQUIRE(exists(path));
}

void checkServes(Publisher& publisher) {
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send("abcd");
  CHECK(subscriber.recv(kLimit) == "abcd");
}

}  // namespace

TEST_CASE("a bad endpoint is an error that names the part that is wrong") {
  SocketOptions binding, connecting;
  binding.attach = Attach::bind;
  connecting.attach = Attach::connect;
  for (const Bad& bad : kBad) {
    checkRefusal(whatOf([&] { Publisher p(bad.endpoint); }), "connection::Publisher: bind", bad);
    checkRefusal(whatOf([&] { Subscriber s(bad.endpoint); }), "connection::Subscriber: connect", bad);
    checkRefusal(whatOf([&] { Request r(bad.endpoint); }), "connection::Request: connect", bad);
    checkRefusal(whatOf([&] { Response r(bad.endpoint, binding); }), "connection::Response: bind", bad);
    checkRefusal(whatOf([&] { Response r(bad.endpoint, connecting); }), "connection::Response: connect", bad);
    checkRefusal(whatOf([&] { Dealer d(bad.endpoint, binding); }), "connection::Dealer: bind", bad);
    checkRefusal(whatOf([&] { Dealer d(bad.endpoint, connecting); }), "connection::Dealer: connect", bad);
  }
  for (const Bad& bad : kBadToConnect) {
    checkRefusal(whatOf([&] { Subscriber s(bad.endpoint); }), "connection::Subscriber: connect", bad);
    checkRefusal(whatOf([&] { Request r(bad.endpoint); }), "connection::Request: connect", bad);
    checkRefusal(whatOf([&] { Dealer d(bad.endpoint, connecting); }), "connection::Dealer: connect", bad);
  }
  CHECK(codeOf([] { Publisher p(""); }) == Errc::badEndpoint);
}

TEST_CASE("an endpoint that is far too long is shown in part") {
  const std::string what = whatOf([] { Publisher p(std::string(100000, 'x')); });
  CHECK(what.size() < 500);
  CHECK(contains(what, "xxx...'"));
  for (const char* rest : {"*:1", ":1:1", "://", ":"}) {
    const std::string host = "tcp://" + std::string(100000, 'x') + rest;
    CHECK(whatOf([&] { Publisher p(host); }).size() < 700);
  }
}

TEST_CASE("endpoints that look odd but are fine are taken") {
  for (const std::string endpoint : {"tcp://127.0.0.1:1", "tcp://localhost:65535", "tcp://[::1]:5",
                                     "tcp://127.0.0.1:00080", "ipc://relative", "ipc://@abstract"}) {
    CAPTURE(endpoint);
    CHECK_NOTHROW(Subscriber(endpoint, ""));
  }
  for (const std::string endpoint : {"inproc://x", "inproc://*", "inproc://a:b/c*@[]"}) {
    CAPTURE(endpoint);
    const Publisher publisher(endpoint);
    CHECK_NOTHROW(Subscriber(endpoint, ""));
  }
}

TEST_CASE("an interface that is not there is an error of the system, with the endpoint in it") {
  const std::string what = whatOf([] { Publisher p("tcp://192.0.2.1:5555"); });
  CHECK(contains(what, "connection::Publisher: bind tcp://192.0.2.1:5555: "));
  CHECK(codeOf([] { Publisher p("tcp://192.0.2.1:5555"); }) != Errc::badEndpoint);
}

TEST_CASE("a port that is taken is address_in_use, whoever has it") {
  const Publisher ours("tcp://127.0.0.1:*");
  CHECK(codeOf([&] { Publisher p(ours.endpoint()); }) == std::errc::address_in_use);
  CHECK(codeOf([&] { Proxy p(ours.port(), 0); }) == std::errc::address_in_use);
  CHECK(codeOf([] { const Publisher a("inproc://taken"), b("inproc://taken"); }) == std::errc::address_in_use);
}

TEST_CASE("a file that is no socket is not overwritten by an ipc endpoint") {
  const TempDir dir;
  std::ofstream(dir.path("letter")) << "dear reader";
  std::filesystem::create_directory(dir.path("folder"));
  std::filesystem::create_symlink(dir.path("letter"), dir.path("link"));
  for (const std::string name : {"letter", "folder", "link"}) {
    CAPTURE(name);
    CHECK(codeOf([&] { Publisher p(dir.ipc(name)); }) == Errc::badEndpoint);
    CHECK(contains(whatOf([&] { Publisher p(dir.ipc(name)); }), "a file that is not a socket is there"));
  }
  std::string content;
  std::getline(std::ifstream(dir.path("letter")), content);
  CHECK(content == "dear reader");
}

TEST_CASE("the path of a live server is address_in_use, and the server goes on") {
  const TempDir dir;
  Publisher publisher(dir.ipc("live"));
  for (int i = 0; i < 3; ++i) CHECK(codeOf([&] { Publisher p(dir.ipc("live")); }) == std::errc::address_in_use);
  CHECK(contains(whatOf([&] {
                   Dealer d(dir.ipc("live"), [] {
                     SocketOptions binding;
                     binding.attach = Attach::bind;
                     return binding;
                   }());
                 }),
                 "connection::Dealer: bind " + dir.ipc("live") + ": Address already in use"));
  checkServes(publisher);
}

TEST_CASE("the socket file of a dead server is taken over") {
  const TempDir dir;
  leaveStaleSocket(dir.path("stale"));
  Publisher publisher(dir.ipc("stale"));
  checkServes(publisher);
}

TEST_CASE("the file of an ipc endpoint is gone when its socket is destroyed") {
  const TempDir dir;
  {
    const Publisher publisher(dir.ipc("a"));
    const Response response(dir.ipc("b"));
    CHECK(exists(dir.path("a")));
    CHECK(exists(dir.path("b")));
  }
  CHECK_FALSE(exists(dir.path("a")));
  CHECK_FALSE(exists(dir.path("b")));
}

TEST_CASE("ipc paths may have up to 107 bytes, be abstract, or be made up") {
  const TempDir dir;
  std::string longest = dir.path("");
  longest.resize(107, 'x');
  for (const std::string& endpoint : {"ipc://" + longest, "ipc://@dividere-test-" + std::to_string(::getpid())}) {
    CAPTURE(endpoint);
    Publisher publisher(endpoint);
    CHECK(publisher.endpoint() == endpoint);
    checkServes(publisher);
  }
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir.path(""));
  {
    Publisher publisher("ipc://*");
    CHECK(publisher.endpoint() != "ipc://*");
    checkServes(publisher);
  }
  std::filesystem::current_path(before);
}

TEST_CASE("an ipc endpoint in a folder that is not there is an error of the system") {
  const TempDir dir;
  CHECK(codeOf([&] { Publisher p(dir.ipc("no/such/folder")); }) == std::errc::no_such_file_or_directory);
}

TEST_CASE("inproc endpoints meet only within a context, and their names are free again at once") {
  SocketOptions apart;
  apart.context = std::make_shared<Context>();
  for (int i = 0; i < 20; ++i) {
    Publisher here("inproc://same"), there("inproc://same", apart);
    Subscriber hears("inproc://same"), hearsThere("inproc://same", "", apart);
    REQUIRE(here.waitForSubscribers(1, kLimit));
    REQUIRE(there.waitForSubscribers(1, kLimit));
    here.send("here");
    there.send("there");
    CHECK(hears.recv(kLimit) == "here");
    CHECK(hearsThere.recv(kLimit) == "there");
  }
}
