// What a publisher tells of itself, and whom.
#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <dividere.hpp>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "dividere.pb.h"
#include "endpoints.hpp"
#include "golden.pb.h"
#include "support/descriptions.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "support/key_ring.hpp"
#include "support/local.hpp"
#include "support/messages.hpp"
#include "support/other_address.hpp"
#include "support/raw_socket.hpp"
#include "support/temp_dir.hpp"
#include "support/thrown.hpp"

using namespace support;
using namespace dividere::messaging;
using namespace std::chrono_literals;
using dividere::describe;
using dividere::DescribeOptions;

namespace {

DescribeOptions publisherKind() {
  DescribeOptions options;
  options.kind = "publisher";
  return options;
}

Tree tree() {
  Tree root;
  root.set_name("root");
  root.set_branch("north");
  root.set_colour(Tree::GREEN);
  (*root.mutable_count())["one"] = 1;
  root.add_delta(-7);
  Tree& child = *root.add_child();
  child.set_leaf(3);
  child.GetReflection()->MutableUnknownFields(&child)->AddVarint(4711, 42);
  return root;
}

/// What protoc makes of the bytes of a Tree, by the .proto itself.
std::string decodedByProtoc(const std::string& bytes) {
  const TempDir folder;
  std::ofstream(folder.path("bytes")) << bytes;
  const std::string command = std::string(DIVIDERE_TEST_PROTOC) + " --decode=Tree -I " + DIVIDERE_TEST_SOURCE_DIR +
                              "/proto golden.proto <" + folder.path("bytes") + " >" + folder.path("text");
  REQUIRE(std::system(command.c_str()) == 0);
  std::ostringstream text;
  text << std::ifstream(folder.path("text")).rdbuf();
  return text.str();
}

/// A publisher takes a subscription of this content, which asks, for none that does.
void checkNoReplyTo(const std::string& content) {
  Publisher publisher("tcp://*:*");
  RawSocket asker(ZMQ_SUB);
  asker.set(ZMQ_SUBSCRIBE, std::string("\xEA\x06") + static_cast<char>(content.size()) + content);
  asker.set(ZMQ_SUBSCRIBE, "\x0A");
  asker.connect(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(msg01("the next one"));
  const auto next = asker.recv();
  REQUIRE(next);
  CHECK(next->front().front() == '\x0A');
}

}  // namespace

TEST_CASE("a publisher tells who it is and what it has sent, over every transport") {
  for (const std::string& endpoint : endpointsToBind()) {
    CAPTURE(endpoint);
    dividere::connection::SocketOptions options;
    options.name = "camera";
    Publisher publisher(endpoint, options);
    publisher.send(msg01("one"));
    publisher.send(msg02(2), {"a topic"});
    const auto told = describe(meeting(publisher), kLimit, publisherKind());
    REQUIRE(told);
    CHECK(told->kind == "publisher");
    CHECK(told->name == "camera");
    CHECK(told->pid == static_cast<std::uint32_t>(::getpid()));
    CHECK(told->process == program_invocation_short_name);
    CHECK(!told->host.empty());
    CHECK(told->version == dividere::kVersion);
    CHECK(told->libzmq.substr(0, 2) == "4.");
    CHECK(!told->protobuf.empty());
    CHECK(typeNames(*told) == std::vector<std::string>{"Msg01", "Msg02"});
    CHECK(statistic(*told, "sent_messages") == 2);
    CHECK(statistic(*told, "subscribers") == 0);
  }
}

TEST_CASE("a publisher that sends all the time describes itself, too") {
  Publisher publisher("tcp://*:*");
  publisher.send(msg01("the first"));  // a question that comes before it is told of no type
  std::atomic<bool> isTold{false};
  auto sending = std::async(std::launch::async, [&] {
    while (!isTold) publisher.send(msg01("one of many"));
  });
  const auto told = describe(local(publisher.port()), kLimit, publisherKind());
  isTold = true;
  sending.get();
  REQUIRE(told);
  CHECK(typeNames(*told) == std::vector<std::string>{"Msg01"});
}

TEST_CASE("who asks need not know that it is a publisher, and is not counted as a subscriber") {
  Publisher publisher("tcp://*:*");
  publisher.send(msg01("one"));
  const auto told = describe(meeting(publisher), kLimit);
  REQUIRE(told);
  CHECK(told->kind == "publisher");
  CHECK(publisher.subscribers() == 0);
  CHECK(publisher.arrivals() == 0);
  CHECK(publisher.peers().empty());
}

TEST_CASE("it is told where the process connects to, and what time it is there") {
  const auto before = std::chrono::system_clock::now();
  Publisher publisher("tcp://*:*"), other("tcp://*:*");
  dividere::connection::SocketOptions options;
  options.name = "viewer";
  auto subscriber = std::make_unique<Subscriber>(meeting(other), types<Msg01>(), options);
  REQUIRE(other.waitForSubscribers(1, kLimit));
  other.send(msg01("one"));
  subscriber->recv<Msg01>();
  const auto isSubscribers = [&](const dividere::Description::Connection& each) {
    const std::string port = ":" + std::to_string(other.port());  // its host's name is looked up
    const auto& at = each.endpoint;
    return each.kind == "subscriber" && each.name == "viewer" && at.size() > port.size() &&
           at.substr(at.size() - port.size()) == port;
  };
  auto told = describe(meeting(publisher), kLimit, publisherKind());
  REQUIRE(told);
  const auto& all = told->connections;
  const auto found = std::find_if(all.begin(), all.end(), isSubscribers);
  REQUIRE(found != all.end());
  CHECK(found->messagesIn == 1);
  CHECK(found->messagesOut == 0);
  REQUIRE(told->clock);
  CHECK(*told->clock >= before);
  CHECK(*told->clock <= std::chrono::system_clock::now());

  subscriber.reset();
  told = describe(meeting(publisher), kLimit, publisherKind());
  REQUIRE(told);
  CHECK(std::none_of(told->connections.begin(), told->connections.end(), isSubscribers));
}

TEST_CASE("of very many endpoints that a process connects to, the first 256 are told") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher));
  std::vector<std::string> endpoints;
  for (int port = 10001; port <= 10400; ++port) endpoints.push_back("tcp://127.0.0.1:" + std::to_string(port));
  dividere::messaging::Request request(endpoints);
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const auto told = describe(meeting(publisher), kLimit, publisherKind());
  REQUIRE(told);
  CHECK(told->connections.size() == 256);
}

TEST_CASE("a message is decoded by what its publisher tells, as protoc decodes it by the .proto") {
  Publisher publisher("tcp://*:*");
  publisher.send(tree());
  const auto told = describe(meeting(publisher), kLimit, publisherKind());
  REQUIRE(told);
  const Built built(*told);
  CHECK(built.textOf("Tree", tree().SerializeAsString()) == decodedByProtoc(tree().SerializeAsString()));
}

TEST_CASE("files come once each, behind those they import") {
  Publisher publisher("tcp://*:*");
  Caller imports;  // its file imports any.proto
  publisher.send(imports);
  publisher.send(Features());
  const auto told = describe(meeting(publisher), kLimit, publisherKind());
  REQUIRE(told);
  CHECK(Built(*told).fileNames() == std::vector<std::string>{"google/protobuf/any.proto", "dividere.proto"});
}

TEST_CASE("a type's hash is of its definition: another program's says whether it has the same one") {
  const auto hashOf = [](const google::protobuf::Message& message) {
    Publisher publisher("tcp://*:*");
    publisher.send(message);
    const auto told = describe(meeting(publisher), kLimit, publisherKind());
    REQUIRE(told);
    REQUIRE(told->types.size() == 1);
    return told->types[0].hash;
  };
  google::protobuf::FileDescriptorProto file;
  Msg01::descriptor()->file()->CopyTo(&file);
  const auto dynamicHash = [&] {
    google::protobuf::DescriptorPool pool;
    const auto* type = pool.BuildFile(file)->FindMessageTypeByName("Msg01");
    google::protobuf::DynamicMessageFactory factory(&pool);
    const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(type)->New());
    return hashOf(*message);
  };
  CHECK(hashOf(Msg01()).size() == 8);
  CHECK(dynamicHash() == hashOf(Msg01()));
  file.mutable_message_type(0)->mutable_field(0)->set_number(2);
  CHECK(dynamicHash() != hashOf(Msg01()));
}

TEST_CASE("files that are known already are not sent again") {
  Publisher publisher("tcp://*:*");
  publisher.send(tree());
  DescribeOptions options = publisherKind();
  const auto first = describe(meeting(publisher), kLimit, options);
  REQUIRE(first);
  CHECK(!first->descriptors.empty());
  options.knownHash = first->descriptorsHash;
  const auto second = describe(meeting(publisher), kLimit, options);
  REQUIRE(second);
  CHECK(second->descriptors.empty());
  CHECK(second->descriptorsHash == first->descriptorsHash);
  CHECK(typeNames(*second) == std::vector<std::string>{"Tree"});
}

TEST_CASE("a publisher describes nothing to another host, unless it is told to") {
  const std::string address = otherAddress();
  if (address.empty()) return;
  const auto ask = [&](const Publisher& publisher) {
    return describe("tcp://" + address + ":" + std::to_string(publisher.port()), kLimit, publisherKind());
  };
  Publisher publisher("tcp://*:*");
  CHECK(codeOf([&] { ask(publisher); }) == dividere::Errc::unauthorized);
  const Environment all("DIVIDERE_DESCRIBE", "all");
  Publisher open("tcp://*:*");
  CHECK(ask(open).has_value());
}

TEST_CASE("a publisher that is to describe nothing is silent") {
  const Environment off("DIVIDERE_DESCRIBE", "off");
  checkNoReplyTo("describe" + std::string(12, 'x'));
}

TEST_CASE("a subscription that only looks like a question is none") {
  for (const int more : {11, 15}) {
    CAPTURE(more);
    checkNoReplyTo("describe" + std::string(static_cast<std::size_t>(more), 'x'));
  }
}

TEST_CASE("a description goes to nobody who has not asked: not while somebody gets all that is sent") {
  Publisher publisher("tcp://*:*");
  RawSocket everything(ZMQ_SUB), asker(ZMQ_SUB);
  everything.set(ZMQ_SUBSCRIBE, "");
  everything.connect(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  const std::string topic = std::string("\xEA\x06\x14") + "describe" + std::string(12, 'x');
  asker.set(ZMQ_SUBSCRIBE, topic);
  asker.set(ZMQ_SUBSCRIBE, "\x0A");
  asker.connect(meeting(publisher));
  REQUIRE(publisher.waitForSubscribers(2, kLimit));
  publisher.send(msg01("the next one"));
  for (RawSocket* each : {&everything, &asker}) {
    const auto next = each->recv();
    REQUIRE(next);
    CHECK(next->front().front() == '\x0A');
  }
}

TEST_CASE("who gets all that is sent is told, too, if he asks") {
  Publisher publisher("tcp://*:*");
  RawSocket asker(ZMQ_SUB);
  const std::string topic = std::string("\xEA\x06\x14") + "describe" + std::string(12, 'x');
  asker.set(ZMQ_SUBSCRIBE, "");
  asker.set(ZMQ_SUBSCRIBE, topic);
  asker.connect(meeting(publisher));
  const auto reply = asker.recv();
  REQUIRE(reply);
  REQUIRE(reply->size() == 1);
  CHECK(reply->front().substr(0, topic.size()) == topic);
  msgEnvelope envelope;
  Description told;
  REQUIRE(envelope.ParseFromString(reply->front()));
  CHECK(envelope.addressee() == topic.substr(3));
  CHECK(envelope.msg().UnpackTo(&told));
}

TEST_CASE("100,000 subscriptions that ask, of one peer, get few descriptions, and keep nobody from being sent to") {
  Publisher publisher("tcp://*:*");
  Subscriber subscriber(meeting(publisher), types<Msg01>());
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  RawSocket flood(ZMQ_SUB);
  flood.set(ZMQ_RCVHWM, 0);
  flood.set(ZMQ_SNDHWM, 0);
  flood.connect(meeting(publisher));
  std::string topic = std::string("\xEA\x06\x14") + "describe" + std::string(12, 'x');
  for (int i = 0; i < 100000; ++i) {
    std::memcpy(&topic[topic.size() - sizeof i], &i, sizeof i);
    flood.set(ZMQ_SUBSCRIBE, topic);
  }
  const auto start = std::chrono::steady_clock::now();
  publisher.send(msg01("to be heard"));
  CHECK(subscriber.recv<Msg01>(kLimit).has_value());
  int descriptions = 0;
  for (auto reply = flood.recv(); reply; reply = flood.recv(2s)) ++descriptions;
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CHECK(descriptions >= 1);
  CHECK(descriptions <= 20 + 10 * (seconds + 60));
  CHECK(describe(meeting(publisher), kLimit, publisherKind()).has_value());
}

TEST_CASE("with keys, whoever is let in is told, also from another host, and nobody else") {
  const Acquainted keys;
  Publisher publisher("tcp://*:*", keys.host.options());
  publisher.send(tree());
  const std::string address = otherAddress().empty() ? "127.0.0.1" : otherAddress();
  const std::string endpoint = "tcp://" + address + ":" + std::to_string(publisher.port());
  for (const std::string& kind : {std::string("publisher"), std::string()}) {
    DescribeOptions options;
    options.kind = kind;
    options.socket = keys.client.options();
    options.socket.host = "host";
    const auto told = describe(endpoint, kLimit, options);
    REQUIRE(told);
    CHECK(typeNames(*told) == std::vector<std::string>{"Tree"});
  }
  KeyRing stranger("stranger");
  stranger.knows(keys.host);
  DescribeOptions options = publisherKind();
  options.socket = stranger.options();
  options.socket.host = "host";
  CHECK(codeOf([&] { describe(endpoint, kLimit, options); }) == dividere::Errc::unauthorized);
}
