#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>

#include "peer.hpp"
#include "sample.hpp"

using dividere::connection::Proxy;
using dividere::messaging::Dealer;
using dividere::messaging::Request;
using dividere::messaging::Response;
using interop::kSamples;
using interop::noPython;
using interop::Peer;
using interop::Sample;
using interop::Words;

namespace {

std::string local(std::uint16_t port) { return "tcp://localhost:" + std::to_string(port); }

void askPython(Request& request, Peer& response) {
  for (const Sample& sample : kSamples) {
    request.send(*sample.message());
    CHECK(response.ask({"echo"}) == Words{sample.type});
    CHECK(Sample::of(*request.recv()) == sample);
  }
}

void answerPython(Response& response, Peer& request) {
  for (const Sample& sample : kSamples) {
    request.ask({"send", sample.type, sample.text});
    response.send(*response.recv());
    CHECK(Sample::of(request.ask({"recv"})) == sample);
  }
}

void askCpp(Request& request, Response& response) {
  for (const Sample& sample : kSamples) {
    request.send(*sample.message());
    response.send(*response.recv());
    CHECK(Sample::of(*request.recv()) == sample);
  }
}

void letPythonAskPython(Peer& request, Peer& response) {
  for (const Sample& sample : kSamples) {
    request.ask({"send", sample.type, sample.text});
    CHECK(response.ask({"echo"}) == Words{sample.type});
    CHECK(Sample::of(request.ask({"recv"})) == sample);
  }
}

void dealToPython(Dealer& dealer, Peer& other) {
  dealer.send({"call"}, *kSamples[0].message());
  const Words heard = other.ask({"recv"});
  CHECK(Sample::of(heard) == kSamples[0]);
  other.ask({"sendRouted", heard[0], kSamples[1].type, kSamples[1].text});
  const Dealer::Routed answer = dealer.recv();
  CHECK(answer.route == dividere::connection::Route{"call"});
  CHECK(Sample::of(*answer.body) == kSamples[1]);
}

void answerPythonDealer(Dealer& dealer, Peer& other) {
  other.ask({"sendRouted", "6361", kSamples[0].type, kSamples[0].text});
  const Dealer::Routed question = dealer.recv();
  CHECK(Sample::of(*question.body) == kSamples[0]);
  dealer.send(question.route, *kSamples[1].message());
  const Words heard = other.ask({"recv"});
  CHECK(heard[0] == "6361");
  CHECK(Sample::of(heard) == kSamples[1]);
}

}  // namespace

TEST_SUITE("C++ Proxy") {
  TEST_CASE("C++ asks, Python replies: request and response") {
    if (noPython()) return;
    Proxy proxy(0, 0);
    Peer response("response", {local(proxy.backPort())});
    Request request(local(proxy.frontPort()));
    askPython(request, response);
  }

  TEST_CASE("Python asks, C++ replies: request and response") {
    if (noPython()) return;
    Proxy proxy(0, 0);
    Response response(local(proxy.backPort()));
    Peer request("request", {local(proxy.frontPort())});
    answerPython(response, request);
  }

  TEST_CASE("Python asks, Python replies: request and response") {
    if (noPython()) return;
    Proxy proxy(0, 0);
    Peer request("request", {local(proxy.frontPort())}), response("response", {local(proxy.backPort())});
    letPythonAskPython(request, response);
  }

  TEST_CASE("C++ asks, Python replies: two dealers") {
    if (noPython()) return;
    Proxy proxy(0, 0);
    Peer other("dealer", {local(proxy.backPort())});
    Dealer dealer(local(proxy.frontPort()));
    dealToPython(dealer, other);
  }

  TEST_CASE("Python asks, C++ replies: two dealers") {
    if (noPython()) return;
    Proxy proxy(0, 0);
    Dealer dealer(local(proxy.backPort()));
    Peer other("dealer", {local(proxy.frontPort())});
    answerPythonDealer(dealer, other);
  }
}

TEST_SUITE("Python router/dealer") {
  TEST_CASE("C++ asks, C++ replies: request and response") {
    if (noPython()) return;
    Peer proxy("router_dealer");
    Response response(proxy.endpoint(1));
    Request request(proxy.endpoint(0));
    askCpp(request, response);
  }

  TEST_CASE("C++ asks, Python replies: request and response") {
    if (noPython()) return;
    Peer proxy("router_dealer");
    Peer response("response", {proxy.endpoint(1)});
    Request request(proxy.endpoint(0));
    askPython(request, response);
  }

  TEST_CASE("C++ asks, Python replies: two dealers") {
    if (noPython()) return;
    Peer proxy("router_dealer");
    Peer other("dealer", {proxy.endpoint(1)});
    Dealer dealer(proxy.endpoint(0));
    dealToPython(dealer, other);
  }

  TEST_CASE("Python asks, C++ replies: request and response") {
    if (noPython()) return;
    Peer proxy("router_dealer");
    Response response(proxy.endpoint(1));
    Peer request("request", {proxy.endpoint(0)});
    answerPython(response, request);
  }

  TEST_CASE("Python asks, C++ replies: two dealers") {
    if (noPython()) return;
    Peer proxy("router_dealer");
    Dealer dealer(proxy.endpoint(1));
    Peer other("dealer", {proxy.endpoint(0)});
    answerPythonDealer(dealer, other);
  }
}
