#include <doctest/doctest.h>
#include <dividere.hpp>

#include <string>

#include "support/child.hpp"
#include "support/limit.hpp"
#include "support/local.hpp"

using namespace dividere::connection;
using namespace support;

TEST_CASE("a process that sends, destroys and exits has sent everything") {
  // Big enough to be on its way still when main() returns.
  const std::size_t bytes = std::size_t{16} << 20;
  for (const std::string way : {"destroyed", "static", "static-made-late", "exit", "private-context"}) {
    CAPTURE(way);
    Dealer receiving("tcp://127.0.0.1:*");
    Program program("exit", {way, receiving.endpoint(), std::to_string(bytes), "10000"});
    const auto message = receiving.recv(kLimit);
    REQUIRE(message);
    CHECK(message->body.size() == bytes);
    CHECK(program.output() == "");
    CHECK(program.status() == (way == "exit" ? 7 : 0));
  }
}

TEST_CASE("a process exits although nobody takes what it sent") {
  const auto port = PortManager::acquire();
  const std::string nobody = local(port);
  for (const std::string way : {"destroyed", "static", "static-made-late", "private-context"}) {
    CAPTURE(way);
    Program program("exit", {way, nobody, "1000", "50"}, {"DIVIDERE_LOG=error"});  // that nobody is there is a warning
    CHECK(program.output() == "");
    CHECK(program.status() == 0);
  }
  PortManager::release(port);
}

TEST_CASE("a process may exit with sockets that are never destroyed") {
  Dealer receiving("tcp://127.0.0.1:*");
  Program program("exit", {"alive-at-exit", receiving.endpoint(), "0", "50"});
  CHECK(program.output() == "");
  CHECK(program.status() == 7);
}
