// Who comes late: a publisher keeps the last messages of each type and topic, and gives them to each newcomer alone.

#include <chrono>
#include <dividere.hpp>
#include <iostream>
#include <string>

#include "clientMsgs.pb.h"

namespace messaging = dividere::messaging;

void send(messaging::Publisher& publisher, const std::string& lamp, const std::string& state) {
  Msg01 message;
  message.set_field1(state);
  publisher.send(message, messaging::topic("lamp", lamp));
}

void show(messaging::Subscriber& dashboard) {
  const auto message = dashboard.recv<Msg01>(std::chrono::seconds(10));
  if (message) std::cout << "  " << dashboard.topic().back() << " is " << message->field1() << "\n";
}

int main() {
  messaging::PublisherOptions options;
  options.keep = 1;  // the last state of each lamp
  messaging::Publisher publisher("tcp://*:*", options);
  const std::string endpoint = "tcp://localhost:" + std::to_string(publisher.port());

  send(publisher, "door", "off");
  send(publisher, "door", "on");
  send(publisher, "stairs", "off");

  // Nobody has listened so far, and nothing is sent for those who come now.
  messaging::Subscriber first(endpoint, messaging::types<Msg01>(), messaging::topic("lamp"));
  std::cout << "a dashboard comes late:\n";
  show(first);
  show(first);

  messaging::Subscriber second(endpoint, messaging::types<Msg01>(), messaging::topic("lamp"));
  std::cout << "another one later still:\n";
  show(second);
  show(second);
  std::cout << "which the first one does not notice: it has received " << first.received() << "\n";

  std::cout << "what is new goes to both:\n";
  send(publisher, "stairs", "on");
  show(first);
  show(second);
}
