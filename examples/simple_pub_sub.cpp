// Publish and subscribe: one sends, whoever subscribed receives, and neither knows the other.
//
// No sleep before the first send: waitForSubscribers() returns when what is sent next will arrive.

#include <chrono>
#include <dividere.hpp>
#include <iostream>
#include <string>

#include "clientMsgs.pb.h"

int main() {
  using namespace std::chrono_literals;
  namespace messaging = dividere::messaging;

  messaging::Publisher publisher("tcp://*:*");  // a free port; "tcp://*:5555" would be that one
  const std::string endpoint = "tcp://localhost:" + std::to_string(publisher.port());
  messaging::Subscriber everything(endpoint);
  messaging::Subscriber onlyMsg02(endpoint, messaging::types<Msg02>());
  if (!publisher.waitForSubscribers(2, 10s)) return 1;

  Msg01 text;
  text.set_field1("abcd");
  publisher.send(text);

  Msg02 number;
  number.set_field2(42);
  publisher.send(number);

  // Of whatever type it is:
  for (int i = 0; i < 2; ++i) {
    const auto message = everything.recv();
    std::cout << "everything: a " << message->GetTypeName();
    if (const auto* msg01 = dynamic_cast<const Msg01*>(message.get())) std::cout << " that says " << msg01->field1();
    std::cout << "\n";
  }
  // Of the type that is expected:
  std::cout << "onlyMsg02: " << onlyMsg02.recv<Msg02>().field2() << "\n";
  std::cout << "onlyMsg02: " << (onlyMsg02.wait(0ms) ? "there is more" : "nothing else") << "\n";
}
