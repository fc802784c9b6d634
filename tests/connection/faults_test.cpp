// What the log says, at the level that is shown by default, of peers that are not there or of no use.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/types.h>
#include <zmq.h>
#include <dividere.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "support/events.hpp"
#include "support/local.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/tcp.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::LogLevel;
using std::chrono::milliseconds;

namespace {

SocketOptions quick(SocketOptions options = {}) {
  options.reconnect = options.reconnectMax = milliseconds(10);
  return options;
}

/// Does not wait long for who says nothing.
SocketOptions impatient() {
  SocketOptions options = quick();
  options.configure = [](void* socket) {
    const int limit = 200;
    zmq_setsockopt(socket, ZMQ_HANDSHAKE_IVL, &limit, sizeof limit);
  };
  return options;
}

/// What is shown by default.
struct Shown : LogCapture {
  Shown() : LogCapture(LogLevel::warning) {}
};

/// A real web server, Python's, on a free port.
class WebServer {
 public:
  WebServer() : output_(::popen(kProgram, "r")) {
    if (!output_ || std::fscanf(output_, "%d %hu", &pid_, &port_) != 2) pid_ = 0;
  }
  ~WebServer() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    if (output_) ::pclose(output_);
  }
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  bool isThere() const { return pid_ > 0; }
  std::uint16_t port() const { return port_; }

 private:
  static constexpr const char* kProgram =
      "exec python3 -c \"import http.server as h, os; s = h.HTTPServer(('127.0.0.1', 0), h.SimpleHTTPRequestHandler); "
      "print(os.getpid(), s.server_port, flush=True); s.serve_forever()\" 2> /dev/null";

  FILE* const output_;
  pid_t pid_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("a socket that connects to where nobody listens says so once, and when somebody does") {
  const Shown log;
  const Events events;
  const auto port = PortManager::acquire();
  const Subscriber subscriber(local(port), "", quick(events.options()));
  REQUIRE(log.wait(local(port) + ": nobody listens there ("));
  const auto retries = events.count(EventType::connectRetried);
  REQUIRE(events.wait(EventType::connectRetried, retries + 10));
  CHECK(log.lines(local(port)).size() == 1);
  CHECK(log.lines(local(port))[0].component == "connection::Subscriber");
  const Publisher publisher(local(port));
  CHECK(log.wait(local(port) + ": connected after "));
  CHECK(log.lines(local(port)).size() == 2);
  PortManager::release(port);
}

TEST_CASE("a socket that connects to a host that is not found says so") {
  const Shown log;
  const Subscriber subscriber("tcp://no.such.host.invalid:5555", "", quick());
  CHECK(log.wait("tcp://no.such.host.invalid:5555: host not found: no such name"));
}

TEST_CASE("a socket that connects to a server that says nothing says so") {
  const Shown log;
  const TcpListener silent;
  const Request request(local(silent.port()), impatient());
  CHECK(log.wait(local(silent.port()) + ": somebody takes the connection there and says nothing"));
}

TEST_CASE("a socket that connects to a web server, which waits for a request, says so") {
  const WebServer server;
  if (!server.isThere()) {
    MESSAGE("left out: there is no python3");
    return;
  }
  const Shown log;
  const Subscriber subscriber(local(server.port()), "", impatient());
  CHECK(log.wait(local(server.port()) + ": somebody takes the connection there and says nothing"));
}

TEST_CASE("a socket that connects to something else than ZeroMQ says so") {
  const Shown log;
  TcpListener listener;
  Request request(local(listener.port()), quick());
  TcpStream stream = listener.accept();
  stream.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
  CHECK(log.wait(local(listener.port()) + ": the peer does not speak ZeroMQ, or is not one that replies"));
}

TEST_CASE("a socket that connects to one of a kind that does not fit says what it needs") {
  struct Misfit {
    int peer;
    std::function<std::shared_ptr<void>(const std::string&)> connect;
    std::string needs;
  };
  const auto subscribe = [](const std::string& at) { return std::make_shared<Subscriber>(at, "", quick()); };
  const auto request = [](const std::string& at) { return std::make_shared<Request>(at, quick()); };
  const auto dealer = [](const std::string& at) { return std::make_shared<Dealer>(at, quick()); };
  const auto response = [](const std::string& at) { return std::make_shared<Response>(at, quick()); };
  const std::vector<Misfit> misfits = {
      {ZMQ_REP, subscribe, "a publisher (a PUB or XPUB socket)"},
      {ZMQ_ROUTER, subscribe, "a publisher (a PUB or XPUB socket)"},
      {ZMQ_PUB, request, "one that replies (a REP or ROUTER socket)"},
      {ZMQ_PULL, dealer, "a REP, DEALER or ROUTER socket"},
      {ZMQ_PUB, response, "one that asks (a REQ or DEALER socket)"},
  };
  for (const Misfit& misfit : misfits) {
    CAPTURE(misfit.needs);
    const Shown log;
    RawSocket peer(misfit.peer);
    const std::string endpoint = peer.bind();
    const auto socket = misfit.connect(endpoint);
    REQUIRE(log.wait(endpoint));
    CHECK(contains(log.lines(endpoint)[0].text, misfit.needs));
  }
}
