#include <doctest/doctest.h>

#include <dividere.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dividere.pb.h"
#include "endpoints.hpp"
#include "fields.hpp"
#include "golden.pb.h"
#include "packaged.pb.h"
#include "required.pb.h"
#include "support/messages.hpp"
#include "support/raw_socket.hpp"
#include "support/thrown.hpp"

using namespace support;
using dividere::Errc;
using dividere::messaging::Request;
using dividere::messaging::Response;

namespace {

/// One who asks and one who replies.
struct Pair {
  Response response{"tcp://*:*"};
  Request request{meeting(response)};
};

/// A client that sends any bytes, and reads the reply as it is.
struct BytesPair {
  Response response{"tcp://*:*"};
  dividere::connection::Request request{meeting(response)};

  /// What was replied to the request under way, which has to be a DividereError.
  DividereError error() {
    const auto answer = dividere::messaging::ProtoBuffDecoder().decode(request.recv());
    REQUIRE(answer->GetDescriptor() == DividereError::descriptor());
    return static_cast<const DividereError&>(*answer);
  }

  /// What cannot be taken throws, and is replied to when the next request is waited for.
  DividereError errorFor(const std::string& bytes) {
    request.send(bytes);
    CHECK_THROWS_AS(response.recv(), dividere::Error);
    CHECK_FALSE(response.wait(kNow));
    return error();
  }
};

std::string encoded(const google::protobuf::Message& message) {
  return dividere::messaging::ProtoBuffEncoder().encode(message);
}

}  // namespace

TEST_CASE("a typed request is replied to with a message of another type, over tcp, ipc and inproc") {
  for (const std::string& endpoint : endpointsToBind()) {
    CAPTURE(endpoint);
    Response response(endpoint);
    Request request(meeting(response));
    for (int i = 0; i < 3; ++i) {
      request.send(msg01("question"));
      CHECK(response.recv<Msg01>().field1() == "question");
      response.send(msg02(i));
      CHECK(request.recv<Msg02>().field2() == i);
    }
  }
}

TEST_CASE("requests go to 1 to 9 responses in turn, in the order of the list") {
  for (int count = 1; count <= 9; ++count) {
    CAPTURE(count);
    std::vector<Response> responses;
    std::vector<std::string> endpoints;
    for (int i = 0; i < count; ++i) {
      responses.emplace_back("tcp://*:*");
      endpoints.push_back(meeting(responses.back()));
    }
    Request request(endpoints);
    for (int i = 0; i < 2 * count; ++i) {
      request.send(msg02(i));
      Response& whoseTurn = responses[static_cast<std::size_t>(i % count)];
      REQUIRE(whoseTurn.recv<Msg02>(kLimit)->field2() == i);
      whoseTurn.send(msg02(-i));
      REQUIRE(request.recv<Msg02>().field2() == -i);
    }
  }
}

TEST_CASE("a braced list of endpoints is a list") {
  Response one("tcp://*:*"), other("tcp://*:*");
  Request request({meeting(one), meeting(other)});
  request.send(msg02(1));
  CHECK(one.recv<Msg02>().field2() == 1);
  one.send(M());
  request.recv<M>();
  request.send(msg02(2));
  CHECK(other.recv<Msg02>().field2() == 2);
}

TEST_CASE("many clients at once are each given their own reply") {
  Response response("tcp://*:*");
  const int askers = 10, each = 50;
  std::vector<std::thread> threads;
  std::vector<int> wrong(askers);
  for (int self = 0; self < askers; ++self) {
    threads.emplace_back([&wrong, self, endpoint = meeting(response)] {
      Request request(endpoint);
      for (int i = 0; i < each; ++i) {
        request.send(msg02(self * 1000 + i));
        if (request.recv<Msg02>().field2() != -(self * 1000 + i)) ++wrong[static_cast<std::size_t>(self)];
      }
    });
  }
  Msg02 question, answer;
  for (int i = 0; i < askers * each; ++i) {
    response.recvInto(question);
    answer.set_field2(-question.field2());
    response.send(answer);
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(askers));
}

TEST_CASE("packaged messages, and those of nested types, go both ways") {
  Pair pair;
  outer::inner::Station station;
  station.set_name("north");
  station.add_readings()->set_value(-0.5);
  pair.request.send(station);
  const auto question = pair.response.recv();
  REQUIRE(question->GetDescriptor() == outer::inner::Station::descriptor());
  pair.response.send(static_cast<const outer::inner::Station&>(*question).readings(0));
  CHECK(pair.request.recv<outer::inner::Station::Reading>().value() == -0.5);
}

TEST_CASE("sending and receiving out of turn throws, and changes nothing") {
  Pair pair;
  CHECK(codeOf([&] { pair.request.recv(); }) == Errc::outOfTurn);
  CHECK(codeOf([&] { pair.response.send(M()); }) == Errc::outOfTurn);
  pair.request.send(msg01("question"));
  CHECK(codeOf([&] { pair.request.send(M()); }) == Errc::outOfTurn);
  CHECK(pair.response.recv<Msg01>().field1() == "question");
  CHECK(codeOf([&] { pair.response.recv(); }) == Errc::outOfTurn);
  CHECK_FALSE(pair.response.wait(kNow));
  pair.response.send(msg01("answer"));
  CHECK(pair.request.recv<Msg01>().field1() == "answer");
}

TEST_CASE("a time-out is a value on both sides, and a request without a reply no dead end") {
  Pair pair;
  CHECK(pair.response.recv(kNow) == nullptr);
  CHECK_FALSE(pair.response.recv<Msg01>(kNow).has_value());
  CHECK_FALSE(pair.response.wait(kNow));
  pair.request.send(msg01("first"));
  CHECK_FALSE(pair.request.wait(kNow));
  CHECK(pair.request.recv(kNow) == nullptr);
  CHECK_FALSE(pair.request.recv<Msg01>(kNow).has_value());

  pair.request.send(msg01("second"));
  for (const char* question : {"first", "second"}) {
    CHECK(pair.response.recv<Msg01>().field1() == question);
    pair.response.send(msg01(std::string("answer to ") + question));
  }
  CHECK(pair.request.wait(kLimit));
  CHECK(pair.request.recv<Msg01>(kNow)->field1() == "answer to second");  // the late one is dropped
}

TEST_CASE("a request that nobody can be handed in time is not sent, and may be sent again") {
  dividere::connection::SocketOptions binds, connects;
  binds.attach = dividere::connection::Attach::bind;
  connects.attach = dividere::connection::Attach::connect;
  Request request("tcp://*:*", binds);
  CHECK_FALSE(request.send(msg01("nobody is there"), kNow));
  Response response(meeting(request), connects);
  CHECK(request.send(msg01("somebody is"), kLimit));
  CHECK(response.recv<Msg01>().field1() == "somebody is");
  CHECK_FALSE(response.wait(kNow));
}

// --- Requests that cannot be taken ---

TEST_CASE("a request that is no envelope throws, and is replied to with code 6 when the next one is waited for") {
  BytesPair pair;
  CHECK(pair.errorFor("junk").code() == 6);
  CHECK(pair.errorFor("").code() == 6);
  CHECK(pair.errorFor(encoded(msg01("cut short")).substr(0, 20)).code() == 6);
  CHECK(pair.errorFor(fields::envelope("Msg01", "Msg01", "\xFF")).code() == 6);
  CHECK(contains(pair.errorFor(fields::envelope("Msg01", "Msg02", "")).text(), "Msg02"));
}

TEST_CASE("a request of a type that is not linked is replied to with code 5, and the type's name") {
  BytesPair pair;
  const DividereError error = pair.errorFor(fields::envelope("Stranger", "Stranger", ""));
  CHECK(error.code() == 5);
  CHECK(contains(error.text(), "Stranger"));
}

TEST_CASE("a request of another type than the one asked for is replied to with code 5, and both names") {
  BytesPair pair;
  pair.request.send(encoded(msg01("not asked for")));
  CHECK(codeOf([&] { pair.response.recv<Msg02>(); }) == Errc::wrongType);
  CHECK(pair.response.recv<Msg02>(kNow) == std::nullopt);
  const DividereError error = pair.error();
  CHECK(error.code() == 5);
  CHECK(contains(error.text(), "Msg01"));
  CHECK(contains(error.text(), "Msg02"));
}

TEST_CASE("a request that cannot be taken may still be replied to by send, and then gets no other reply") {
  BytesPair pair;
  pair.request.send("junk");
  CHECK(codeOf([&] { pair.response.recv(); }) == Errc::malformed);
  pair.response.send(msg01("pardon?"));
  CHECK(pair.request.recv() == encoded(msg01("pardon?")));
  CHECK(codeOf([&] { pair.response.send(M()); }) == Errc::outOfTurn);

  pair.request.send(encoded(msg02(1)));
  CHECK(pair.response.recv<Msg02>().field2() == 1);
  pair.response.send(M());
  CHECK(pair.request.recv() == encoded(M()));
}

TEST_CASE("every way to wait for the next request replies to the one that could not be taken") {
  BytesPair pair;
  const std::string good = encoded(msg02(1));
  Msg02 reused;
  for (int way = 0; way < 5; ++way) {
    CAPTURE(way);
    pair.request.send("junk");
    CHECK(codeOf([&] { pair.response.recv(); }) == Errc::malformed);
    dividere::connection::Request other(meeting(pair.response));
    other.send(good);
    switch (way) {
      case 0: pair.response.recv(); break;
      case 1: pair.response.recv(kLimit); break;
      case 2: pair.response.recv<Msg02>(); break;
      case 3: pair.response.recvInto(reused); break;
      default: CHECK(pair.response.wait(kLimit)); pair.response.recv();
    }
    CHECK(pair.error().code() == 6);
    pair.response.send(M());
    CHECK(other.recv() == encoded(M()));
  }
}

TEST_CASE("whoever asks in a language of messages is thrown the error that the response met") {
  Pair pair;
  pair.request.send(msg01("not asked for"));
  CHECK(codeOf([&] { pair.response.recv<Msg02>(); }) == Errc::wrongType);
  CHECK_FALSE(pair.response.wait(kNow));
  const auto recv = [&] { pair.request.recv<Msg02>(); };
  CHECK(contains(whatOf(recv), "Msg02"));

  pair.request.send(msg01("not asked for"));  // the error was the reply: the next request is due
  CHECK(codeOf([&] { pair.response.recv<Msg02>(); }) == Errc::wrongType);
  CHECK_FALSE(pair.response.wait(kNow));
  CHECK(codeOf(recv) == Errc::unknownType);
}

TEST_CASE("a reply of another type than the one asked for throws wrongType, and the next request is due") {
  Pair pair;
  for (int i = 0; i < 2; ++i) {
    pair.request.send(msg01("question"));
    pair.response.recv();
    pair.response.send(msg02(7));
    CHECK(codeOf([&] { pair.request.recv<Msg01>(); }) == Errc::wrongType);
  }
}

// --- Messages that cannot be sent ---

TEST_CASE("what cannot be sent throws, and whose turn it is stays as it was") {
  dividere::connection::SocketOptions options;
  options.maxMessageBytes = 1000;
  Response response("tcp://*:*", options);
  Request request(meeting(response), options);
  const Msg01 tooLarge = msg01(std::string(1001, 'x'));

  CHECK(codeOf([&] { request.send(Order()); }) == Errc::incomplete);
  CHECK(codeOf([&] { request.send(tooLarge); }) == Errc::tooLarge);
  CHECK(codeOf([&] { request.send(tooLarge, kLimit); }) == Errc::tooLarge);
  CHECK(request.send(msg01("fits"), kLimit));

  CHECK(response.recv<Msg01>().field1() == "fits");
  CHECK(codeOf([&] { response.send(Order()); }) == Errc::incomplete);
  CHECK(codeOf([&] { response.send(tooLarge); }) == Errc::tooLarge);
  CHECK(codeOf([&] { response.send(tooLarge, kLimit); }) == Errc::tooLarge);
  CHECK(response.send(msg01("so does this"), kLimit));
  CHECK(request.recv<Msg01>().field1() == "so does this");
}

// --- Through a Proxy ---

TEST_CASE("5,000 typed requests through a Proxy are each replied to") {
  dividere::connection::Proxy proxy(0, 0);
  std::vector<std::thread> responders;
  const int count = 5000, workers = 2;
  for (int i = 0; i < workers; ++i) {
    responders.emplace_back([back = proxy.backPort()] {
      Response response("tcp://localhost:" + std::to_string(back));
      for (Msg02 message; response.recvInto(message), message.field2() >= 0;) {
        message.set_field2(message.field2() + 1);
        response.send(message);
      }
      response.send(M());
    });
  }
  Request request("tcp://localhost:" + std::to_string(proxy.frontPort()));
  int wrong = 0;
  Msg02 answer;
  for (int i = 0; i < count; ++i) {
    request.send(msg02(i));
    request.recvInto(answer);
    if (answer.field2() != i + 1) ++wrong;
  }
  CHECK(wrong == 0);
  for (int i = 0; i < workers; ++i) {
    request.send(msg02(-1));
    request.recv<M>();
  }
  for (std::thread& responder : responders) responder.join();
}

TEST_CASE("a request of several frames is replied to with an error, as any other that is malformed") {
  Response response("tcp://*:*");
  RawSocket asker(ZMQ_REQ);
  asker.connect(meeting(response));
  asker.send({"one", "two"});
  CHECK(codeOf([&] { response.recv(kLimit); }) == Errc::malformed);
  CHECK_FALSE(response.wait(kNow));
  const auto answer = asker.recv();
  REQUIRE(answer);
  const auto told = dividere::messaging::ProtoBuffDecoder().decode(answer->back());
  REQUIRE(told->GetDescriptor() == DividereError::descriptor());
  CHECK(static_cast<const DividereError&>(*told).code() == static_cast<std::uint32_t>(Errc::malformed));
}
