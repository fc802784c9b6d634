// Who subscribes to a publisher, and to what.
#include <doctest/doctest.h>
#include <zmq.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <dividere.hpp>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "endpoints.hpp"
#include "golden.pb.h"
#include "support/eventually.hpp"
#include "support/forwarder.hpp"
#include "support/key_ring.hpp"
#include "support/log_capture.hpp"
#include "support/messages.hpp"
#include "support/raw_socket.hpp"

using namespace support;
using namespace dividere::messaging;
using std::chrono::system_clock;

namespace {

/// The lists that a handler was given.
class Lists {
 public:
  auto handler() {
    return [this](const std::vector<PeerInfo>& peers) {
      std::lock_guard<std::mutex> lock(mutex_);
      last_ = peers;
      thread_ = std::this_thread::get_id();
      changed_.notify_all();
    };
  }

  /// Waits for one that is as `isMet` wants it.
  template <class Condition>
  bool reach(const Condition& isMet) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kLimit, [&] { return last_ && isMet(*last_); });
  }

  std::thread::id thread() {
    std::lock_guard<std::mutex> lock(mutex_);
    return thread_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::vector<PeerInfo>> last_;
  std::thread::id thread_;
};

/// Has the socket say that it has this key; false if libzmq cannot.
bool forges(RawSocket& socket, const std::string& key) {
  constexpr int kMetadata = 95;  // ZMQ_METADATA, which zmq.h hides though libzmq has it
  const std::string property = "X-Key:" + key;
  return zmq_setsockopt(socket.native(), kMetadata, property.data(), property.size()) == 0;
}

std::vector<Interest> interestsOf(const std::vector<PeerInfo>& peers) {
  return peers.size() == 1 ? peers.front().interests.value_or(std::vector<Interest>()) : std::vector<Interest>();
}

}  // namespace

TEST_CASE("a publisher lists its subscribers: from where, since when, for which types and topics") {
  const auto before = system_clock::now();
  Publisher publisher("tcp://*:*");
  CHECK(publisher.peers().empty());
  Subscriber subscriber("tcp://127.0.0.1:" + std::to_string(publisher.port()), types<Msg01, Msg02>(),
                        topic("plant", "line3"));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const std::vector<PeerInfo> peers = publisher.peers();
  REQUIRE(peers.size() == 1);
  CHECK(peers[0].address == "127.0.0.1");
  CHECK(peers[0].since >= before);
  CHECK(peers[0].since <= system_clock::now());
  CHECK(peers[0].subscribers == 1);
  REQUIRE(peers[0].interests);
  REQUIRE(peers[0].interests->size() == 2);
  CHECK(peers[0].interests->at(0).type == "Msg01");
  CHECK(peers[0].interests->at(0).topic == topic("plant", "line3"));
  CHECK(peers[0].interests->at(0).bytes.empty());
  CHECK(peers[0].interests->at(1).type == "Msg02");
}

TEST_CASE("one that subscribes to everything is listed so, whatever it is") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  RawSocket plain(ZMQ_SUB);
  plain.set(ZMQ_SUBSCRIBE, std::string());
  plain.connect(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  const std::vector<PeerInfo> peers = publisher.peers();
  REQUIRE(peers.size() == 2);
  CHECK(peers[0].subscribers + peers[1].subscribers == 1);
  for (const PeerInfo& peer : peers) {
    REQUIRE(peer.interests);
    REQUIRE(peer.interests->size() == 1);
    CHECK(peer.interests->front().type.empty());
    CHECK(peer.interests->front().topic.empty());
    CHECK(peer.interests->front().bytes.empty());
  }
}

TEST_CASE("bytes that name no type are listed as they came") {
  Publisher publisher("tcp://127.0.0.1:*");
  RawSocket plain(ZMQ_SUB);
  // What the Python package makes of a filter: right for names of eight characters alone.
  const std::vector<std::string> subscriptions{"\n\bEightLen", "\n\bMsg01",
                                               "\n\x05"
                                               "1abcd",
                                               "\n\x05Msg01\xDA\x06\x7Fx", "zzz"};
  for (const std::string& subscription : subscriptions) plain.set(ZMQ_SUBSCRIBE, subscription);
  plain.connect(publisher.endpoint());
  REQUIRE(eventually([&] { return interestsOf(publisher.peers()).size() == subscriptions.size(); }));
  const std::vector<PeerInfo> peers = publisher.peers();
  CHECK(peers[0].subscribers == 0);
  std::vector<std::string> types, bytes;
  for (const Interest& interest : interestsOf(peers)) {
    if (!interest.type.empty()) types.push_back(interest.type);
    if (!interest.bytes.empty()) bytes.push_back(interest.bytes);
  }
  CHECK(types == std::vector<std::string>{"EightLen"});
  CHECK(bytes.size() == 4);
  CHECK(bytes.back() == "zzz");
}

TEST_CASE("who goes is no longer listed, nor is what one unsubscribes from") {
  Publisher publisher("tcp://127.0.0.1:*");
  auto first = std::make_unique<Subscriber>(publisher.endpoint(), types<Msg01>());
  Subscriber second(publisher.endpoint(), types<Msg01, Msg02>());
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  CHECK(publisher.peers().size() == 2);
  first.reset();
  REQUIRE(eventually([&] { return publisher.peers().size() == 1; }));
  second.unsubscribe<Msg01>();
  REQUIRE(eventually([&] { return interestsOf(publisher.peers()).size() == 1; }));
  CHECK(interestsOf(publisher.peers()).front().type == "Msg02");
  second.unsubscribe<Msg02>();
  REQUIRE(eventually([&] { return publisher.peers().empty(); }));
}

TEST_CASE("over inproc and ipc there is no address, and over inproc nothing is known of what is asked for") {
  for (const std::string& endpoint : endpointsToBind()) {
    if (endpoint.find("tcp") == 0) continue;
    CAPTURE(endpoint);
    Publisher publisher(endpoint);
    Subscriber one(endpoint, types<Msg01>()), other(endpoint, types<Msg02>());
    REQUIRE(publisher.waitForSubscribers(2, kLimit));
    const std::vector<PeerInfo> peers = publisher.peers();
    REQUIRE(peers.size() == 2);
    for (const PeerInfo& peer : peers) {
      CHECK(peer.address == "");
      CHECK(peer.subscribers == 1);
      CHECK(peer.since.time_since_epoch().count() > 0);
      CHECK(peer.interests.has_value() == (endpoint.find("inproc") != 0));
    }
  }
}

TEST_CASE("a forwarder is one peer that speaks for its subscribers") {
  Publisher publisher("tcp://127.0.0.1:*");
  Forwarder forwarder(publisher.endpoint());
  Subscriber one(forwarder.endpoint(), types<Msg01>()), other(forwarder.endpoint(), types<Msg02>());
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  const std::vector<PeerInfo> peers = publisher.peers();
  REQUIRE(peers.size() == 1);
  CHECK(peers[0].subscribers == 2);
  CHECK(interestsOf(peers).size() == 2);
}

TEST_CASE("a handler is told who comes, what they subscribe to and who goes, though the publisher does nothing") {
  Publisher publisher("tcp://127.0.0.1:*");
  Lists lists;
  publisher.onPeersChanged(lists.handler());
  auto subscriber = std::make_unique<Subscriber>(publisher.endpoint(), types<Msg01>());
  CHECK(lists.reach([](const auto& peers) { return interestsOf(peers).size() == 1; }));
  subscriber->subscribe<Msg02>();
  CHECK(lists.reach([](const auto& peers) { return interestsOf(peers).size() == 2; }));
  subscriber->unsubscribe<Msg01>();
  CHECK(lists.reach(
      [](const auto& peers) { return interestsOf(peers).size() == 1 && interestsOf(peers).front().type == "Msg02"; }));
  subscriber.reset();
  CHECK(lists.reach([](const auto& peers) { return peers.empty(); }));
  CHECK(lists.thread() != std::this_thread::get_id());
  publisher.onPeersChanged(nullptr);
}

TEST_CASE("a handler is told of those who were there before it, and while the publisher sends") {
  Publisher publisher("tcp://127.0.0.1:*");
  Subscriber subscriber(publisher.endpoint(), types<Msg01>());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  Lists lists;
  Publisher moved(std::move(publisher));
  moved.onPeersChanged(lists.handler());
  CHECK(lists.reach([](const auto& peers) { return peers.size() == 1; }));
  Subscriber other(moved.endpoint(), types<Msg02>());
  std::atomic<bool> isDone{false};
  std::thread sending([&] {
    while (!isDone) moved.send(msg01("x"));
  });
  CHECK(lists.reach([](const auto& peers) { return peers.size() == 2; }));
  isDone = true;
  sending.join();
}

TEST_CASE("a handler may use what it likes and throw: no lock is held, and the next call comes") {
  LogCapture log;
  std::optional<Publisher> publisher(std::in_place, "tcp://127.0.0.1:*");
  std::promise<std::size_t> counted;
  std::atomic<int> calls{0};
  bool isCounted = false;
  publisher->onPeersChanged([&] {
    if (publisher->peers().empty()) return;
    if (++calls == 1) throw std::runtime_error("of the user's own");
    const std::size_t count = publisher->subscribers();
    if (count == 2 && !std::exchange(isCounted, true)) counted.set_value(count);
  });
  Subscriber one(publisher->endpoint());
  CHECK(log.wait("of the user's own"));
  Subscriber other(publisher->endpoint());
  CHECK(counted.get_future().get() == 2);
  publisher.reset();  // waits for a call under way
}

TEST_CASE("a secured Publisher knows its subscribers by their keys; a plain one believes nobody's word") {
  const support::Acquainted ring;
  dividere::messaging::PublisherOptions options;
  options.socket = ring.host.options();
  Publisher publisher("tcp://127.0.0.1:*", options);
  dividere::messaging::SubscriberOptions others;
  others.socket = ring.client.options();
  const Subscriber subscriber(publisher.endpoint(), std::vector<std::string>{}, others);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  REQUIRE(publisher.peers().size() == 1);
  CHECK(publisher.peers()[0].name == "client");
  CHECK(publisher.peers()[0].key == ring.client.key());

  Publisher plain("tcp://127.0.0.1:*");
  const Subscriber somebody(plain.endpoint());
  REQUIRE(plain.waitForSubscribers(1, kLimit));
  REQUIRE(plain.peers().size() == 1);
  CHECK(plain.peers()[0].name.empty());
  CHECK(plain.peers()[0].key.empty());
}

TEST_CASE("a peer that forges another one's key, in its handshake, is nobody to a plain Publisher") {
  Publisher plain("tcp://127.0.0.1:*");
  RawSocket forger(ZMQ_SUB);
  if (!forges(forger, std::string(40, 'k'))) return;
  forger.set(ZMQ_SUBSCRIBE, std::string());
  forger.connect(plain.endpoint());
  REQUIRE(plain.waitForSubscribers(1, kLimit));
  REQUIRE(plain.peers().size() == 1);
  CHECK(plain.peers()[0].name.empty());
  CHECK(plain.peers()[0].key.empty());
}

TEST_CASE("a peer that forges another one's key, in its handshake, is itself to a secured Publisher") {
  const support::Acquainted ring;
  const support::KeyRing victim("victim");
  dividere::messaging::PublisherOptions options;
  options.socket = ring.host.options();
  Publisher publisher("tcp://127.0.0.1:*", options);
  RawSocket forger(ZMQ_SUB);
  if (!forges(forger, victim.key())) return;
  forger.set(ZMQ_CURVE_SERVERKEY, ring.host.key());
  forger.set(ZMQ_CURVE_PUBLICKEY, ring.client.key());
  forger.set(ZMQ_CURVE_SECRETKEY, ring.client.secretKey());
  forger.set(ZMQ_SUBSCRIBE, std::string());
  forger.connect(publisher.endpoint());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  REQUIRE(publisher.peers().size() == 1);
  CHECK(publisher.peers()[0].name == "client");
  CHECK(publisher.peers()[0].key == ring.client.key());
}
