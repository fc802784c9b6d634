#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>

#include "peer.hpp"
#include "sample.hpp"

using dividere::connection::Route;
using dividere::messaging::Dealer;
using dividere::messaging::Response;
using interop::kSamples;
using interop::noPython;
using interop::Peer;
using interop::Sample;
using interop::Words;

namespace {

template <class Socket>
std::string local(const Socket& socket) {
  return "tcp://localhost:" + std::to_string(socket.port());
}

const Route kRoute = {"one", "", std::string("\0\xFF", 2)};
const std::string kRouteInHex = "6f6e65,,00ff";

void exchangeBetweenDealers(Dealer& dealer, Peer& peer) {
  for (const Sample& sample : kSamples) {
    dealer.send(*sample.message());
    const Words heard = peer.ask({"recv"});
    CHECK(heard[0] == "-");
    CHECK(Sample::of(heard) == sample);
    peer.ask({"send", sample.type, sample.text});
    const Dealer::Routed received = dealer.recv();
    CHECK(received.route.empty());
    CHECK(Sample::of(*received.body) == sample);
  }
  const Sample& sample = kSamples[0];
  dealer.send(kRoute, *sample.message());
  const Words heard = peer.ask({"recv"});
  CHECK(heard[0] == kRouteInHex);
  CHECK(Sample::of(heard) == sample);
  peer.ask({"sendRouted", kRouteInHex, sample.type, sample.text});
  const Dealer::Routed received = dealer.recv();
  CHECK(received.route == kRoute);
  CHECK(Sample::of(*received.body) == sample);
}

void askAResponse(Dealer& dealer, Peer& response) {
  for (const Sample& sample : kSamples) dealer.sendWithEmptyFrame(*sample.message());
  for (const Sample& sample : kSamples) {
    CHECK(Sample::of(response.ask({"recv"})) == sample);
    response.ask({"send", sample.type, sample.text});
  }
  for (const Sample& sample : kSamples) {
    const Dealer::Routed answer = dealer.recv();
    CHECK(answer.route == Route{""});
    CHECK(Sample::of(*answer.body) == sample);
  }
  // What this library may put in front, for its own use, comes back untouched.
  const Route correlated = {std::string("sixteen bytes id\0\0\0\0\0\0\0\1", 24), ""};
  dealer.send(correlated, *kSamples[0].message());
  CHECK(response.ask({"echo"}) == Words{kSamples[0].type});
  CHECK(dealer.recv().route == correlated);
}

void answerADealer(Response& response, Peer& dealer) {
  for (const Sample& sample : kSamples) dealer.ask({"sendWithEmptyFrame", sample.type, sample.text});
  for (const Sample& sample : kSamples) {
    const auto question = response.recv();
    CHECK(Sample::of(*question) == sample);
    response.send(*question);
  }
  for (const Sample& sample : kSamples) {
    const Words heard = dealer.ask({"recv"});
    CHECK(heard[0].empty());
    CHECK(Sample::of(heard) == sample);
  }
}

}  // namespace

TEST_SUITE("dealer/dealer") {
  TEST_CASE("C++ binds, Python connects: with and without a route") {
    if (noPython()) return;
    Dealer dealer("tcp://*:*");
    Peer peer("dealer", {local(dealer)});
    exchangeBetweenDealers(dealer, peer);
  }

  TEST_CASE("Python binds, C++ connects: with and without a route") {
    if (noPython()) return;
    Peer peer("dealer", {"tcp://*:*"});
    Dealer dealer(peer.endpoint());
    exchangeBetweenDealers(dealer, peer);
  }
}

TEST_SUITE("dealer/response, empty frame") {
  TEST_CASE("Python binds, C++ connects: a C++ dealer asks, with and without frames in front") {
    if (noPython()) return;
    Peer response("response", {"tcp://*:*"});
    Dealer dealer(response.endpoint());
    askAResponse(dealer, response);
  }

  TEST_CASE("C++ binds, Python connects: a C++ dealer asks, with and without frames in front") {
    if (noPython()) return;
    Dealer dealer("tcp://*:*");
    Peer response("response", {local(dealer)});
    askAResponse(dealer, response);
  }

  TEST_CASE("C++ binds, Python connects: a Python dealer asks") {
    if (noPython()) return;
    Response response("tcp://*:*");
    Peer dealer("dealer", {local(response)});
    answerADealer(response, dealer);
  }

  TEST_CASE("Python binds, C++ connects: a Python dealer asks") {
    if (noPython()) return;
    Peer dealer("dealer", {"tcp://*:*"});
    Response response(dealer.endpoint());
    answerADealer(response, dealer);
  }
}
