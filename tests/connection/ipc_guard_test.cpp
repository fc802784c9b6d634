// An ipc listener where descriptors run out.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <dividere.hpp>

#include <cstring>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/no_descriptors.hpp"
#include "support/temp_dir.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;

namespace {

int connectTo(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  REQUIRE(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

/// Whether the other end has closed it.
bool hasEnded(int fd) {
  char bytes[64];
  for (;;) {
    const auto count = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (count <= 0) return count == 0;
  }
}

}  // namespace

TEST_CASE("an ipc listener lives through more peers than it has descriptors for") {
  const TempDir dir;
  Program server("ipc_peers", {dir.ipc("many")});
  REQUIRE(server.line() == "there");
  std::vector<int> peers;
  int accepted = 0;
  for (int i = 0; i < 300; ++i) {
    peers.push_back(connectTo(dir.path("many")));
    std::string line = server.line();
    while (!line.empty() && line != "there") line = server.line();  // a warning
    if (line == "there") ++accepted;
  }
  CHECK(accepted == 300);
  int alive = 0;
  for (const int peer : peers) {
    if (!hasEnded(peer)) ++alive;
    ::close(peer);
  }
  CHECK(alive >= 100);
  CHECK(alive <= 150);
  Request request(dir.ipc("many"));
  request.send("text");
  CHECK(request.recv(kLimit) == "text");
}

TEST_CASE("an ipc endpoint is not bound where few descriptors are left, a tcp one is") {
  const TempDir dir;
  const Publisher first("tcp://127.0.0.1:*");
  const NoDescriptors few(50);
  CHECK(codeOf([&] { Publisher p(dir.ipc("few")); }) == std::errc::too_many_files_open);
  CHECK(contains(whatOf([&] { Publisher p(dir.ipc("few")); }), "connection::Publisher: bind " + dir.ipc("few")));
  CHECK_NOTHROW(Publisher("tcp://127.0.0.1:*"));
}
