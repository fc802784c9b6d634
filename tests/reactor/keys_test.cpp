// Reactors that have keys: handlers know who has sent a message, and worker processes have the keys, too.

#include "support/key_ring.hpp"
#include "workers.hpp"

using namespace kit;
using dividere::connection::Attach;
using dividere::connection::SocketOptions;
using dividere::messaging::Dealer;
using dividere::messaging::Request;
using dividere::messaging::Response;
using dividere::reactor::Sender;
using support::Acquainted;
using support::KeyRing;
using support::Program;

namespace {

Msg01 tellPeer(const Sender& sender) {
  return msg01(sender.peer().name + " " + sender.peer().key + " " + sender.peer().address);
}

std::string told(const KeyRing& peer, const std::string& address = "127.0.0.1") {
  return peer.name() + " " + peer.key() + " " + address;
}

}  // namespace

TEST_CASE("a handler knows who has sent its message, by each kind of socket that peers come to") {
  const Acquainted ring;
  SocketOptions binding = ring.host.options();
  binding.attach = Attach::bind;
  Response response("tcp://127.0.0.1:*", ring.host.options());
  Dealer dealer("tcp://127.0.0.1:*", binding);
  const std::string responseAt = response.endpoint(), dealerAt = dealer.endpoint();
  MtMsgReactor reactor;
  reactor.add(std::move(response));
  reactor.add(std::move(dealer));
  reactor.on([](const Msg01&, Sender& sender) { return tellPeer(sender); });
  reactor.start();
  Request request(responseAt, ring.client.options());
  request.send(msg01("who am I?"));
  CHECK(request.recv<Msg01>(kLimit)->field1() == told(ring.client));
  Dealer asking(dealerAt, ring.client.options());
  asking.send(msg01("who am I?"));
  CHECK(asking.recv<Msg01>(kLimit)->field1() == told(ring.client));
}

TEST_CASE("a handler knows nobody where it has gone to the sender, or nothing is secured") {
  const Acquainted ring;
  SocketOptions binding = ring.host.options();
  binding.attach = Attach::bind;
  Dealer host("tcp://127.0.0.1:*", binding);
  Response plain("tcp://127.0.0.1:*");
  Request request(plain.endpoint());
  MtMsgReactor reactor;
  Dealer client(host.endpoint(), ring.client.options());
  client.send(msg01("here"));
  REQUIRE(host.recv<Msg01>(kLimit));
  reactor.add(std::move(client));
  reactor.add(std::move(plain));
  reactor.on([](const Msg01&, Sender& sender) { return tellPeer(sender); });
  reactor.start();
  host.send(msg01("who am I?"));
  CHECK(host.recv<Msg01>(kLimit)->field1() == "  ");
  request.send(msg01("who am I?"));
  CHECK(request.recv<Msg01>(kLimit)->field1() == "  ");
}

TEST_CASE("worker processes have the keys of their parent" * forks()) {
  Acquainted ring;
  ring.host.admits(ring.host);
  ring.host.knows(ring.host);
  Program parent("keyed_reactor", {}, {"DIVIDERE_KEYS=" + ring.host.directory(), "DIVIDERE_LOG=warning"});
  const std::string port = parent.line();
  Request request("tcp://127.0.0.1:" + port, ring.client.options());
  std::set<int> pids;
  REQUIRE(support::eventually([&] {
    request.send(msg01("who?"));
    const auto reply = request.recv<Msg02>(kLimit);
    REQUIRE(reply);
    CHECK(reply->field1() == "who?");
    pids.insert(reply->field2());
    return pids.size() == 2;
  }));
}
