// Sockets with keys among people who mean no good: what they hear, what they can stop, what they can break.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <sys/stat.h>
#include <zmq.h>

#include <cstdlib>
#include <filesystem>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/events.hpp"
#include "support/eventually.hpp"
#include "support/key_ring.hpp"
#include "support/log_capture.hpp"
#include "support/raw_socket.hpp"
#include "support/tcp.hpp"
#include "support/thrown.hpp"
#include "support/wiretap.hpp"

using namespace dividere::connection;
using namespace support;
using dividere::Errc;
using dividere::Keys;
using dividere::LogLevel;
using std::chrono::milliseconds;

namespace {

void checkExchange(Request& request, Response& response, const std::string& text = "ask") {
  request.send(text);
  CHECK(response.recv(kLimit) == text);
  response.send(text);
  CHECK(request.recv(kLimit) == text);
}

std::string textOf(const std::optional<Routed>& message) { return message ? message->body : "nothing in time"; }

const std::string kPayload = "attack at dawn, by the eastern gate";

/// A socket of plain libzmq, with keys or without.
class Peer : public RawSocket {
 public:
  explicit Peer(int type, void* context = nullptr) : RawSocket(type, context) {}

  Peer& asClient(const std::string& hostKey, const KeyRing& own) {
    set(ZMQ_CURVE_SERVERKEY, hostKey);
    set(ZMQ_CURVE_PUBLICKEY, own.key());
    set(ZMQ_CURVE_SECRETKEY, own.secretKey());
    return *this;
  }
  Peer& asHost(const KeyRing& own) {
    set(ZMQ_CURVE_SERVER, 1);
    set(ZMQ_CURVE_SECRETKEY, own.secretKey());
    return *this;
  }
};

/// How many connections those come with who are not wanted: 10,000 with DIVIDERE_TEST_FLOOD=10000.
std::size_t sizeOfFlood() {
  const char* const said = std::getenv("DIVIDERE_TEST_FLOOD");
  return said ? static_cast<std::size_t>(std::atoi(said)) : 1000;
}

/// What a peer of CURVE says first: it greets, and goes on no further.
std::string greeting() {
  return std::string("\xFF\0\0\0\0\0\0\0\1\x7F\3\0", 12) + "CURVE" + std::string(15 + 32, '\0');
}

}  // namespace

TEST_CASE("who listens on the way reads no byte of a message, nor of a topic") {
  const Acquainted ring;
  SUBCASE("a request and its reply") {
    Response response("tcp://127.0.0.1:*", ring.host.options());
    const Wiretap tap(response.port());
    Request request(tap.endpoint(), ring.client.options());
    checkExchange(request, response, kPayload);
    CHECK(tap.heard().size() > 2 * kPayload.size());
    CHECK(!contains(tap.heard(), kPayload));
    CHECK(!contains(tap.heard(), kPayload.substr(0, 8)));
    CHECK(!contains(tap.heard(), ring.client.key()));
  }
  SUBCASE("a subscription and what is published") {
    Publisher publisher("tcp://127.0.0.1:*", ring.host.options());
    const Wiretap tap(publisher.port());
    Subscriber subscriber(tap.endpoint(), "attack", ring.client.options());
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    publisher.send(kPayload);
    CHECK(subscriber.recv(kLimit) == kPayload);
    CHECK(tap.heard().size() > kPayload.size());
    CHECK(!contains(tap.heard(), "attack"));
  }
  SUBCASE("while he reads all of what is not secured") {
    Response response("tcp://127.0.0.1:*");
    const Wiretap tap(response.port());
    Request request(tap.endpoint());
    checkExchange(request, response, kPayload);
    CHECK(contains(tap.heard(), kPayload));
  }
}

TEST_CASE("connections without number that are not let in keep nobody from being served") {
  const Acquainted ring;
  const KeyRing stranger("stranger");
  const std::size_t all = sizeOfFlood(), atATime = 100;
  const LogCapture log(LogLevel::warning);
  const Events events;
  Response response("tcp://127.0.0.1:*", ring.host.options(events.options()));
  Request request(response.endpoint(), ring.client.options());
  void* const context = zmq_ctx_new();
  for (std::size_t count = 0; count < all; count += atATime) {
    std::list<Peer> strangers;
    for (std::size_t i = 0; i < atATime; ++i) {
      strangers.emplace_back(ZMQ_DEALER, context).asClient(ring.host.key(), stranger).connect(response.endpoint());
      strangers.back().send({"let me in"});
    }
    checkExchange(request, response);
    REQUIRE(events.wait(EventType::handshakeFailed, count + atATime));
  }
  zmq_ctx_term(context);
  checkExchange(request, response);
  CHECK(!response.recv(milliseconds(0)));
  CHECK(events.count(EventType::handshakeSucceeded) == 1);
  CHECK(log.wait("refused the key " + stranger.key()));
  CHECK(log.lines("refused the key").size() < 100);  // it does not fill the log
}

TEST_CASE("connections that say nothing, or begin and do not go on, stop nothing that is sent to others") {
  const Acquainted ring;
  SocketOptions binding = ring.host.options();
  binding.attach = Attach::bind;
  Dealer host("tcp://127.0.0.1:*", binding);
  std::list<TcpStream> silent;
  for (int i = 0; i < 10; ++i) {
    silent.push_back(TcpStream::connect(host.port()));
    silent.push_back(TcpStream::connect(host.port()));
    silent.back().send(i % 2 == 0 ? greeting() : greeting().substr(0, 10));
  }
  Dealer client(host.endpoint(), ring.client.options());
  client.send("here");
  CHECK(textOf(host.recv(kLimit)) == "here");
  for (int i = 0; i < 50; ++i) REQUIRE(host.send(std::to_string(i), kLimit));
  for (int i = 0; i < 50; ++i) CHECK(textOf(client.recv(kLimit)) == std::to_string(i));
}

TEST_CASE("certificates that are none are left out, which the log says, and the others count") {
  Acquainted ring;
  const auto write = [&](const std::string& name, const std::string& text) {
    writeFile(ring.host.path("authorized/" + name + ".key"), text);
  };
  const std::string section = "curve\n    public-key = \"";
  write("empty", "");
  write("zeros", std::string(100, '\0'));
  write("large", std::string(100000, 'x'));
  write("elsewhere", "metadata\n    public-key = \"" + ring.client.key() + "\"\n");
  write("short", section + ring.client.key().substr(1) + "\"\n");
  write("too_high", section + std::string(40, '#') + "\"\n");
  write("unended", section + ring.client.key());
  std::filesystem::create_directory(ring.host.path("authorized/folder.key"));
  REQUIRE(::mkfifo(ring.host.path("authorized/pipe.key").c_str(), 0600) == 0);
  std::filesystem::create_symlink("/nowhere", ring.host.path("authorized/nowhere.key"));
  const LogCapture log(LogLevel::warning);
  Response response("tcp://127.0.0.1:*", ring.host.options());
  Request request(response.endpoint(), ring.client.options());
  checkExchange(request, response);
  for (const char* name : {"empty", "zeros", "large", "elsewhere", "short", "too_high", "folder", "pipe", "nowhere"}) {
    CAPTURE(name);
    CHECK(log.wait("authorized/" + std::string(name) + ".key"));
  }
}

TEST_CASE("a secret certificate that is none makes no socket, and its text stays untold") {
  Acquainted ring;
  const std::string path = ring.host.path("self.key_secret");
  const std::string secret = ring.host.secretKey(), key = ring.host.key();
  const KeyRing other("other");
  for (const std::string& text :
       {std::string(), "curve\n    public-key = \"" + key + "\"\n", "curve\n    secret-key = \"" + secret + "\"\n",
        "curve\n    public-key = \"" + other.key() + "\"\n    secret-key = \"" + secret + "\"\n",
        "curve\n    public-key = \"" + key + "\"\n    secret-key = \"" + secret.substr(0, 39) + "\"\n",
        secret + "\n" + key}) {
    CAPTURE(text);
    writeFile(path, text);
    ::chmod(path.c_str(), S_IRUSR | S_IWUSR);
    const auto error = errorOf([&] { ring.host.keys(); });
    REQUIRE(error);
    CHECK(error->code() == Errc::malformed);
    CHECK(!contains(error->what(), secret.substr(0, 20)));
  }
}

TEST_CASE("no secret key is ever in the log, nor in an error, whatever happens") {
  Acquainted ring;
  KeyRing stranger("stranger");
  stranger.knows(ring.host);
  const LogCapture log(LogLevel::debug);
  std::string errors;
  {
    Publisher publisher("tcp://127.0.0.1:*", ring.host.options());
    Response response("tcp://127.0.0.1:*", ring.host.options());
    const Subscriber subscriber(publisher.endpoint(), "", ring.client.options());
    Request request(response.endpoint(), ring.client.options()), refused(response.endpoint(), stranger.options());
    checkExchange(request, response);
    REQUIRE(publisher.waitForSubscribers(1, kLimit));
    refused.send("ask");
    errors += whatOf([&] { refused.recv(); });
    ring.host.remove("authorized/client.key");
    REQUIRE(log.wait("may not be here any more"));
    writeFile(ring.host.path("authorized/secret.key"), stranger.text(true) + "curve\n    secret-key = " + "x");
    errors += whatOf([&] { Subscriber("tcp://127.0.0.1:5", "", stranger.options()), publisher.send("news"); });
    REQUIRE(log.wait("refused the key"));
  }
  REQUIRE(log.wait("secret.key"));
  for (const KeyRing* each : {&ring.host, &ring.client, &stranger}) {
    CHECK(log.lines(each->secretKey()).empty());
    CHECK(!contains(errors, each->secretKey()));
  }
}

// The table of what libzmq tells, on which the reasons in words stand (handshake.cpp). It may be another one in a later version.

namespace {

constexpr std::uint32_t kMismatch = ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH;
constexpr std::uint32_t kCryptographic = ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC;

/// The values of the failed handshakes so far.
std::set<std::uint32_t> valuesOf(const Events& events) {
  std::set<std::uint32_t> values;
  for (const auto& event : events.all()) {
    if (event.type == EventType::handshakeFailed) values.insert(static_cast<std::uint32_t>(event.value));
  }
  return values;
}

/// Whether the host is told so of one of these clients. The end that closes first may keep the reason from the other.
template <class MakeClient>
bool isTold(const Events& events, std::uint32_t value, const MakeClient& make) {
  return eventually([&] {
    const std::size_t before = events.count(EventType::handshakeFailed);
    const auto client = make();
    return events.wait(EventType::handshakeFailed, before + 1) && valuesOf(events).count(value) > 0;
  });
}

}  // namespace

TEST_CASE("what libzmq tells the host of each handshake that fails") {
  const Acquainted ring;
  const KeyRing other("other");
  const Events events;
  SUBCASE("a key that is not let in") {
    const Response response("tcp://127.0.0.1:*", ring.host.options(events.options()));
    Peer client(ZMQ_REQ);
    client.asClient(ring.host.key(), other).connect(response.endpoint());
    REQUIRE(events.wait(EventType::handshakeFailed));
    CHECK(valuesOf(events) == std::set<std::uint32_t>{400});
  }
  SUBCASE("one who expects another key") {
    const Response response("tcp://127.0.0.1:*", ring.host.options(events.options()));
    Peer client(ZMQ_REQ);
    client.asClient(other.key(), ring.client).connect(response.endpoint());
    REQUIRE(events.wait(EventType::handshakeFailed));
    CHECK(valuesOf(events) == std::set<std::uint32_t>{kCryptographic});
  }
  SUBCASE("a plain client") {
    const Response response("tcp://127.0.0.1:*", ring.host.options(events.options()));
    CHECK(isTold(events, kMismatch, [&] {
      auto client = std::make_unique<Peer>(ZMQ_REQ);
      client->connect(response.endpoint());
      return client;
    }));
  }
  SUBCASE("a client with keys, at a plain host") {
    const Response response("tcp://127.0.0.1:*", events.options());
    CHECK(isTold(events, kMismatch, [&] {
      auto client = std::make_unique<Peer>(ZMQ_REQ);
      client->asClient(ring.host.key(), ring.client).connect(response.endpoint());
      return client;
    }));
  }
}

TEST_CASE("what libzmq tells the client of each handshake that fails") {
  const Acquainted ring;
  const KeyRing other("other");
  const Events events;
  Peer host(ZMQ_REP);
  SUBCASE("another key than it expects, which is not told for what it is") {
    const std::string endpoint = host.asHost(other).bind();
    const Request request(endpoint, ring.client.options(events.options()));
    REQUIRE(eventually([&] { return valuesOf(events).count(EPIPE) + valuesOf(events).count(ECONNRESET) > 0; }));
  }
  SUBCASE("a plain host") {
    const std::string endpoint = host.bind();
    const Request request(endpoint, ring.client.options(events.options()));
    REQUIRE(eventually([&] { return valuesOf(events).count(kMismatch) > 0; }));
  }
  SUBCASE("a host with keys, where it has none") {
    const std::string endpoint = host.asHost(other).bind();
    const Request request(endpoint, events.options());
    REQUIRE(eventually([&] { return valuesOf(events).count(kMismatch) > 0; }));
  }
  SUBCASE("a host that does not let it in") {
    KeyRing strict("host");
    const Response response("tcp://127.0.0.1:*", strict.options());
    KeyRing client("client");
    client.knows(strict);
    const Request request(response.endpoint(), client.options(events.options()));
    REQUIRE(events.wait(EventType::handshakeFailed));
    CHECK(valuesOf(events) == std::set<std::uint32_t>{400});
  }
}
