// Keys and other implementations of ZeroMQ's security, with certificates and handlers of their own: CZMQ and pyzmq.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/key_ring.hpp"
#include "support/log_capture.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using dividere::LogLevel;

namespace {

bool hasCzmq() { return ::access((std::string(DIVIDERE_TEST_PROCESS_DIR) + "/czmq_process").c_str(), X_OK) == 0; }
bool hasPyzmq() { return std::system("/usr/bin/python3 -c 'import zmq.auth' 2>/dev/null") == 0; }

std::unique_ptr<Program> python(const std::string& script, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), std::string(DIVIDERE_TEST_SOURCE_DIR) + "/connection/" + script);
  return std::make_unique<Program>("/usr/bin/python3", arguments,
                                   std::vector<std::string>{"PYTHONDONTWRITEBYTECODE=1"});
}

/// A host that is not dividere lets in whose certificate it has, and nobody else.
void checkAsHost(Program& program, Acquainted& ring) {
  const std::string endpoint = program.line();
  REQUIRE(contains(endpoint, "tcp://"));
  KeyRing stranger("stranger");
  stranger.knows(ring.host);
  Request refused(endpoint, stranger.options());
  refused.send("let me in");
  CHECK(codeOf([&] { refused.recv(); }) == Errc::unauthorized);
  Request request(endpoint, ring.client.options());
  request.send("ask");
  CHECK(request.recv(kLimit) == "reply");
  CHECK(program.line() == "ask");
}

/// Others' folder of those who may come.
std::string authorizedOf(const KeyRing& host) { return host.path("authorized"); }

}  // namespace

TEST_CASE("a host of CZMQ lets in by its zauth whom dividere's certificates are of") {
  if (!hasCzmq()) {
    MESSAGE("left out: libczmq-dev is not there");
    return;
  }
  Acquainted ring;
  Program host("czmq", {"host", ring.host.path("self.key_secret"), authorizedOf(ring.host)});
  checkAsHost(host, ring);
}

TEST_CASE("a client of CZMQ comes in with the certificate that its zcert has made, which serves dividere, too") {
  if (!hasCzmq()) {
    MESSAGE("left out: libczmq-dev is not there");
    return;
  }
  Acquainted ring;
  REQUIRE(Program("czmq", {"make", "client", ring.client.directory()}).line() == "made");
  std::filesystem::copy_file(ring.client.path("self.key"), ring.host.path("authorized/client.key"),
                             std::filesystem::copy_options::overwrite_existing);
  Response response("tcp://127.0.0.1:*", ring.host.options());
  Program client("czmq",
                 {"client", ring.client.path("self.key"), ring.client.path("servers/host.key"), response.endpoint()});
  REQUIRE(response.recv(kLimit) == "ask");
  response.send("reply");
  CHECK(client.line() == "reply");

  Request request(response.endpoint(), ring.client.options());
  request.send("ask");
  CHECK(response.recv(kLimit) == "ask");
}

TEST_CASE("a host of pyzmq lets in by its zmq.auth whom dividere's certificates are of") {
  if (!hasPyzmq()) {
    MESSAGE("left out: python3-zmq is not there");
    return;
  }
  Acquainted ring;
  const auto host = python("pyzmq_host.py", {ring.host.path("self.key_secret"), authorizedOf(ring.host)});
  checkAsHost(*host, ring);
}
