// Compiled with -fno-rtti, as is what protoc has made: whatever dividere finds out about types, it finds without it.

#include <google/protobuf/any.pb.h>

#include <cstdio>
#include <dividere.hpp>
#include <stdexcept>
#include <string>

#include "../exchange.hpp"
#include "greeting.pb.h"

namespace {

class Polite : public dividere::service::Service {};

/// Types do not get mixed up, of which libprotobuf's own has a type_info and the others have none.
bool telltale() {
  google::protobuf::Any any;
  consumer::Greeting greeting;
  consumer::Farewell farewell;
  greeting.set_text("hello");
  farewell.set_text("good bye");
  const dividere::messaging::ProtoBuffEncoder encoder;
  const dividere::messaging::ProtoBuffDecoder decoder;
  for (int i = 0; i < 3; ++i) {
    if (decoder.decode(encoder.encode(any))->GetTypeName() != "google.protobuf.Any") return false;
    if (decoder.decode(encoder.encode(greeting))->GetTypeName() != "consumer.Greeting") return false;
    if (decoder.decode(encoder.encode(farewell))->GetTypeName() != "consumer.Farewell") return false;
  }
  return true;
}

/// Handlers are found by type, and what one throws comes back as an Error.
bool reactors() {
  dividere::messaging::Response response("tcp://127.0.0.1:*");
  dividere::messaging::Request request(response.endpoint());
  dividere::reactor::MtMsgReactor reactor;
  reactor.add(std::move(response));
  reactor.onError([](const dividere::Error&) {});
  reactor.on([](const consumer::Greeting& greeting) {
    consumer::Farewell farewell;
    farewell.set_text(greeting.text());
    return farewell;
  });
  reactor.on([](const consumer::Farewell&) -> consumer::Greeting { throw std::runtime_error("too early"); });
  reactor.start();
  consumer::Greeting greeting;
  greeting.set_text("hello");
  request.send(greeting);
  if (request.recv<consumer::Farewell>().text() != "hello") return false;
  request.send(consumer::Farewell());
  try {
    request.recv();
  } catch (const dividere::Error& error) {
    return error.code() == dividere::Errc::handlerFailed;
  }
  return false;
}

/// A service cannot be named after a class that has no name, and says so.
bool services() {
  Polite polite;
  try {
    polite.start(std::chrono::milliseconds(0));
  } catch (const dividere::Error& error) {
    return error.code() == std::errc::invalid_argument;
  }
  return false;
}

}  // namespace

int main() {
  const bool isWell = exchangeGreeting() && telltale() && reactors() && services();
  std::puts(isWell ? "all is well without RTTI" : "something needs RTTI");
  return isWell ? 0 : 1;
}
