// A slow reader: a queue gives it old messages first, SubscriberOptions::latest the newest one.

#include <chrono>
#include <dividere.hpp>
#include <iostream>
#include <string>

#include "clientMsgs.pb.h"

namespace messaging = dividere::messaging;

int main() {
  constexpr int kLast = 1000;

  messaging::Publisher publisher("tcp://*:*");
  const std::string endpoint = "tcp://localhost:" + std::to_string(publisher.port());
  messaging::SubscriberOptions options;
  options.latest = true;
  messaging::Subscriber queue(endpoint);
  messaging::Subscriber fresh(endpoint, messaging::types<Msg02>(), options);
  if (!publisher.waitForSubscribers(2, std::chrono::seconds(10))) return 1;

  Msg02 position;
  for (int i = 1; i <= kLast; ++i) {  // meanwhile nobody reads
    position.set_field2(i);
    publisher.send(position);
  }

  std::cout << kLast << " positions were sent before the first one is read\n";
  std::cout << "by the queue comes number " << queue.recv<Msg02>().field2() << "\n";
  do {  // once, unless the last one is still on its way
    fresh.recvInto(position);
  } while (position.field2() != kLast);
  std::cout << "with latest comes number " << position.field2() << "\n";

  // Nothing is lost in silence: what was not read is counted.
  std::cout << "received, skipped and missed: " << fresh.received() + fresh.skipped() + fresh.missed() << "\n";
}
