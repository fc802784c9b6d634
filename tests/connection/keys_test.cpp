// Sockets with keys: who comes in, what each end is told, what changes while it runs.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <sys/stat.h>
#include <zmq.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/events.hpp"
#include "support/eventually.hpp"
#include "support/key_ring.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/temp_dir.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using dividere::Keys;
using dividere::LogLevel;
using std::chrono::milliseconds;

namespace {

void checkExchange(Request& request, Response& response) {
  request.send("ask");
  CHECK(response.recv(kLimit) == "ask");
  response.send("reply");
  CHECK(request.recv(kLimit) == "reply");
}

std::string ask(Request& request) {
  request.send("ask");
  return request.recv();
}

/// Asks again until there is a reply: one to an earlier request is dropped.
bool askUntilReplied(Request& request, Response& response) {
  return eventually([&] {
    bool isReplied = false;
    codeOf([&] { isReplied = request.send("ask", milliseconds(10)) && request.wait(milliseconds(10)); });
    while (!isReplied && response.recv(milliseconds(10))) response.send("reply");
    codeOf([&] { isReplied = request.recv(milliseconds(100)).has_value(); });
    return isReplied;
  });
}

SocketOptions connecting(SocketOptions options) {
  options.attach = Attach::connect;
  return options;
}

/// A ZAP handler of an application's own, which lets in one key.
class ZapHandler {
 public:
  ZapHandler(void* context, const std::string& key)
      : socket_(ZMQ_REP, context), stop_(ZMQ_PAIR, context), stopper_(ZMQ_PAIR, context), key_(32, '\0') {
    zmq_z85_decode(reinterpret_cast<std::uint8_t*>(&key_[0]), key.c_str());
    socket_.bind("inproc://zeromq.zap.01");
    stop_.bind("inproc://stop");
    stopper_.connect("inproc://stop");
    thread_ = std::thread([this] { run(); });
  }
  ~ZapHandler() {
    stopper_.send({""});
    thread_.join();
  }

  std::set<std::string> domains() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return domains_;
  }

 private:
  void run() {
    for (;;) {
      zmq_pollitem_t items[] = {{socket_.native(), 0, ZMQ_POLLIN, 0}, {stop_.native(), 0, ZMQ_POLLIN, 0}};
      zmq_poll(items, 2, -1);
      if (items[1].revents) return;
      const Frames request = socket_.recv().value_or(Frames(7));
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        domains_.insert(request[2]);
      }
      const bool isIt = request.back() == key_;
      socket_.send({"1.0", request[1], isIt ? "200" : "400", "", isIt ? "someone" : "", ""});
    }
  }

  RawSocket socket_, stop_, stopper_;
  std::string key_;
  mutable std::mutex mutex_;
  std::set<std::string> domains_;  // under mutex_
  std::thread thread_;
};

}  // namespace

TEST_CASE("those whose keys fit talk, over tcp and ipc, and over inproc as before") {
  const Acquainted ring;
  const TempDir dir;
  for (const std::string& endpoint : {std::string("tcp://127.0.0.1:*"), dir.ipc("rep"), std::string("inproc://kept")}) {
    CAPTURE(endpoint);
    Response response(endpoint, ring.host.options());
    Request request(response.endpoint(), ring.client.options());
    checkExchange(request, response);
  }
}

TEST_CASE("a client whose key the host does not know is refused in words at both ends, and let in once it is known") {
  KeyRing host("host"), client("client");
  client.knows(host);
  const LogCapture log(LogLevel::warning);
  const Events events;
  Response response("tcp://127.0.0.1:*", host.options());
  Request request(response.endpoint(), client.options(events.options()));
  request.send("ask");
  REQUIRE(log.wait("refused the key " + client.key() + " from 127.0.0.1: it is not among those of authorized"));
  REQUIRE(log.wait("unauthorized: the host does not let this program's key in"));
  REQUIRE(events.wait(EventType::handshakeFailed));
  CHECK(contains(events.first(EventType::handshakeFailed).reason, "unauthorized"));
  CHECK(events.first(EventType::handshakeFailed).value == 400);
  CHECK(!response.recv(milliseconds(0)));

  CHECK(codeOf([&] { request.recv(); }) == Errc::unauthorized);
  host.admits(client);
  CHECK(askUntilReplied(request, response));
  CHECK(log.wait("the keys fit now"));
  CHECK(log.lines("unauthorized: the host does not let").size() == 1);
}

TEST_CASE("a client that expects another key of the host is told so at both ends, until its folder has the right one") {
  Acquainted ring;
  const KeyRing other("other");
  writeFile(ring.client.path("servers/host.key"), other.text());
  const LogCapture log(LogLevel::warning);
  Response response("tcp://127.0.0.1:*", ring.host.options());
  Request request(response.endpoint(), ring.client.options());
  request.send("ask");
  CHECK(contains(whatOf([&] { request.recv(); }), "the host has another key than the one that is expected there"));
  CHECK(log.wait("the host has another key than the one that is expected there"));
  REQUIRE(log.wait("the peer expects another key here than this host has"));

  ring.client.knows(ring.host);
  CHECK(askUntilReplied(request, response));
}

TEST_CASE("a client without keys gets nothing from a host with keys, and both are told") {
  const Acquainted ring;
  const LogCapture log(LogLevel::warning);
  Response response("tcp://127.0.0.1:*", ring.host.options());
  Request request(response.endpoint());
  REQUIRE(eventually([&] {
    CHECK(codeOf([&] { ask(request); }) == Errc::unauthorized);
    return !log.lines("the peer is not secured, and this host is").empty() &&
           !log.lines("the host is secured, and this program is not").empty();
  }));
  CHECK(log.lines("the host is secured, and this program is not").size() == 1);
  CHECK(!response.recv(milliseconds(0)));
}

TEST_CASE("a client with keys says nothing to a host without, and both are told") {
  const Acquainted ring;
  const LogCapture log(LogLevel::warning);
  Response response("tcp://127.0.0.1:*");
  Request request(response.endpoint(), ring.client.options());
  REQUIRE(eventually([&] {
    CHECK(codeOf([&] { ask(request); }) == Errc::unauthorized);
    return !log.lines("the peer is secured, and this host is not").empty() &&
           log.lines("the host is not secured, and this program is").size() +
                   log.lines("or does not use CURVE").size() >
               0;
  }));
  CHECK(!response.recv(milliseconds(0)));
}

TEST_CASE("of several hosts' keys the one named after the endpoint is taken, else each is tried in turn") {
  Acquainted ring;
  const KeyRing first("a"), last("z");
  ring.client.knows(first);
  ring.client.knows(last);
  Response response("tcp://127.0.0.1:*", ring.host.options());
  SUBCASE("in turn") {
    Request request(response.endpoint(), ring.client.options());
    checkExchange(request, response);
  }
  SUBCASE("by name") {
    ring.client.remove("servers/host.key");
    ring.client.knows(ring.host, "127.0.0.1:" + std::to_string(response.port()));
    const LogCapture log(LogLevel::warning);
    Request request(response.endpoint(), ring.client.options());
    checkExchange(request, response);
    CHECK(log.lines().empty());
  }
}

TEST_CASE("a socket that cannot be secured is not made, and the error says what is missing") {
  Acquainted ring;
  SUBCASE("no key of the host") {
    ring.client.remove("servers/host.key");
    const auto error = errorOf([&] { Subscriber("tcp://127.0.0.1:5", "", ring.client.options()); });
    REQUIRE(error);
    CHECK(error->code() == std::errc::no_such_file_or_directory);
    CHECK(contains(error->what(), ring.client.path("servers/127.0.0.1:5.key")));
    CHECK(contains(error->what(), "dividere keygen"));
  }
  SUBCASE("no key of its own") {
    ring.client.remove("self.key_secret");
    const auto error = errorOf([&] { ring.client.keys(); });
    REQUIRE(error);
    CHECK(error->code() == std::errc::no_such_file_or_directory);
    CHECK(contains(error->what(), "dividere keygen"));
  }
  SUBCASE("one that others may read") {
    ::chmod(ring.client.path("self.key_secret").c_str(), 0644);
    const auto error = errorOf([&] { ring.client.keys(); });
    REQUIRE(error);
    CHECK(error->code() == std::errc::permission_denied);
    CHECK(contains(error->what(), "chmod 600"));
    CHECK(!contains(error->what(), ring.client.secretKey()));
  }
}

TEST_CASE("who is revoked is cut off: a subscriber hears no more, a request is not heard") {
  Acquainted ring;
  const LogCapture log(LogLevel::warning);
  Publisher publisher("tcp://127.0.0.1:*", ring.host.options());
  Response response("tcp://127.0.0.1:*", ring.host.options());
  Subscriber subscriber(publisher.endpoint(), "", ring.client.options());
  Request request(response.endpoint(), ring.client.options());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  checkExchange(request, response);
  publisher.send("before");
  CHECK(subscriber.recv(kLimit) == "before");

  ring.host.remove("authorized/client.key");
  // Either host says it.
  REQUIRE(eventually(
      [&] { return log.lines("client (key " + ring.client.key() + ") may not be here any more").size() == 2; }));
  request.send("again");
  REQUIRE(eventually([&] { return publisher.subscribers() == 0; }));
  publisher.send("after");
  CHECK(!subscriber.recv(kShort));
  CHECK(!response.recv(kShort));
}

TEST_CASE("a host without anybody authorized lets nobody in") {
  KeyRing host("host"), client("client");
  client.knows(host);
  Publisher publisher("tcp://127.0.0.1:*", host.options());
  const Events events;
  const Subscriber subscriber(publisher.endpoint(), "", client.options(events.options()));
  REQUIRE(events.wait(EventType::handshakeFailed));
  CHECK(events.count(EventType::handshakeSucceeded) == 0);
}

TEST_CASE("a socket may say that it has no keys, and the log repeats it where others have") {
  Acquainted ring;
  SocketOptions plain;
  plain.keys = Keys::none();
  Response response("tcp://127.0.0.1:*", plain);
  Request request(response.endpoint(), plain);
  checkExchange(request, response);
}

TEST_CASE("a context of one's own lets in by the same rules") {
  const Acquainted ring;
  SocketOptions options = ring.host.options();
  options.context = std::make_shared<Context>();
  Response response("tcp://127.0.0.1:*", options);
  Request request(response.endpoint(), ring.client.options());
  checkExchange(request, response);
}

TEST_CASE("a Proxy passes on nothing more from who is revoked, and goes on for the others") {
  Acquainted ring;
  KeyRing other("other");
  other.knows(ring.host);
  ring.host.admits(other);
  const LogCapture log(LogLevel::warning);
  Proxy proxy(0, 0, ring.host.options());
  const std::string front = "tcp://127.0.0.1:" + std::to_string(proxy.frontPort());
  Response response("tcp://127.0.0.1:" + std::to_string(proxy.backPort()), connecting(ring.client.options()));
  Request kept(front, ring.client.options()), revoked(front, other.options());
  checkExchange(kept, response);
  checkExchange(revoked, response);

  ring.host.remove("authorized/other.key");
  REQUIRE(log.wait("other (key " + other.key() + ") may not be here any more"));
  revoked.send("again");
  CHECK(!response.recv(kShort));
  checkExchange(kept, response);
}

TEST_CASE("an application's own ZAP handler decides who comes in, once the context is told of it") {
  const Acquainted ring;
  SocketOptions options = ring.host.options();
  options.context = std::make_shared<Context>();
  CHECK(codeOf([&] { options.context->useOwnZapHandler(""); }) == std::errc::invalid_argument);
  options.context->useOwnZapHandler("house");
  ZapHandler handler(options.context->native(), ring.client.key());
  Response response("tcp://127.0.0.1:*", options);
  Request request(response.endpoint(), ring.client.options());
  checkExchange(request, response);
  CHECK(handler.domains() == std::set<std::string>{"house"});

  KeyRing other("other");
  other.knows(ring.host);
  Request refused(response.endpoint(), other.options());
  CHECK(codeOf([&] { ask(refused); }) == Errc::unauthorized);
  CHECK(codeOf([&] { response.onlyFor("operators"); }) == std::errc::operation_not_permitted);
}

TEST_CASE("a ZAP handler that the context is not told of is no way round the keys") {
  const Acquainted ring;
  SocketOptions options = ring.host.options();
  options.context = std::make_shared<Context>();
  {
    const ZapHandler handler(options.context->native(), ring.client.key());
    CHECK(contains(whatOf([&] { Response("tcp://127.0.0.1:*", options); }), "useOwnZapHandler"));
  }
  // libzmq gives the name free some time after the handler is closed.
  std::optional<Response> response;
  REQUIRE(eventually([&] { return !errorOf([&] { response.emplace("tcp://127.0.0.1:*", options); }); }));
  CHECK(codeOf([&] { options.context->useOwnZapHandler("late"); }) == Errc::outOfTurn);
}

TEST_CASE("a program is secured by one line, or by DIVIDERE_KEYS without any") {
  const Acquainted ring;
  const auto serves = [&](Program& host) {
    Request request("tcp://127.0.0.1:" + host.line(), ring.client.options());
    request.send("ask");
    CHECK(request.recv(kLimit) == "got ask");
    CHECK(host.line() == "served");
  };
  SUBCASE("in code") {
    Program host("secured", {"secure", ring.host.directory()});
    serves(host);
  }
  SUBCASE("from outside") {
    Program host("secured", {}, {"DIVIDERE_KEYS=" + ring.host.directory()});
    serves(host);
  }
}

TEST_CASE("what would run without its keys does not run") {
  const Acquainted ring;
  SUBCASE("DIVIDERE_KEYS names no folder") {
    Program host("secured", {}, {"DIVIDERE_KEYS=/nowhere"});
    CHECK(contains(host.line(), "/nowhere/self.key_secret"));
  }
  SUBCASE("secure() after the first socket") {
    Program host("secured", {"late", ring.host.directory()});
    CHECK(contains(host.line(), "there are sockets already"));
  }
}

TEST_CASE("a Publisher that is only for a group refuses others, and cuts off those that are there") {
  Acquainted ring;
  const LogCapture log(LogLevel::warning);
  Publisher publisher("tcp://127.0.0.1:*", ring.host.options());
  Subscriber subscriber(publisher.endpoint(), "", ring.client.options());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.onlyFor("operators");
  REQUIRE(log.wait("it is not among those of authorized.operators"));
  REQUIRE(eventually([&] { return publisher.subscribers() == 0; }));
  publisher.send("secret");
  CHECK(!subscriber.recv(kShort));

  ring.host.admits(ring.client, "authorized.operators");
  REQUIRE(eventually([&] {
    CHECK(!subscriber.recv(milliseconds(1)));
    return publisher.subscribers() == 1;
  }));
  publisher.send("news");
  CHECK(subscriber.recv(kLimit) == "news");
}

TEST_CASE("a peer of pyzmq reads the same certificates, and is let in by them; those that it makes are read") {
  if (std::system("/usr/bin/python3 -c 'import zmq.auth' 2>/dev/null") != 0) {
    MESSAGE("left out: python3-zmq is not there");
    return;
  }
  KeyRing host("host"), client("client");
  client.knows(host);
  const std::string make = "cd " + client.directory() +
                           " && /usr/bin/python3 -c \"import zmq.auth; zmq.auth.create_certificates('.', 'self')\""
                           " && chmod 600 self.key_secret && mkdir -p " +
                           host.path("authorized") + " && cp self.key " + host.path("authorized/python.key");
  REQUIRE(std::system(make.c_str()) == 0);
  Response response("tcp://127.0.0.1:*", host.options());
  const std::string ask = std::string("/usr/bin/python3 ") + DIVIDERE_TEST_SOURCE_DIR + "/connection/pyzmq_client.py " +
                          client.directory() + " " + response.endpoint() + " > " + client.path("said") + " &";
  REQUIRE(std::system(ask.c_str()) == 0);
  REQUIRE(response.recv(kLimit) == "ask");
  response.send("reply");
  CHECK(eventually([&] {
    std::string said;
    std::getline(std::ifstream(client.path("said")) >> std::ws, said);
    return said == "reply";
  }));
  Request request(response.endpoint(), client.options());
  checkExchange(request, response);
}
