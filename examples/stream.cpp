// A slow reader of a fast stream, through a broker: the sender is 32 samples ahead at most, and waits. Nobody else does.

#include <chrono>
#include <dividere.hpp>
#include <future>
#include <iostream>
#include <string>

#include "clientMsgs.pb.h"

using dividere::reactor::Sender;
using namespace std::chrono_literals;

int main() {
  dividere::balancing::Broker broker(0, 0);
  const std::string back = "tcp://localhost:" + std::to_string(broker.backPort());

  std::promise<int> ahead;
  const auto sendSamples = [&](const Msg02& request, Sender& sender) {
    Msg02 sample;
    for (int i = 1; i <= request.field2(); ++i) {
      sample.set_field2(i);
      sender.sendPart(sample);  // waits while the reader is 32 samples behind
      if (request.field1() == "slow" && i == 32) ahead.set_value(i);
    }
    sender.send(request);
  };
  dividere::balancing::Worker first(back), second(back);
  for (auto* worker : {&first, &second}) worker->on(sendSamples).start();

  dividere::balancing::Client client("tcp://localhost:" + std::to_string(broker.frontPort()));
  Msg02 request;
  request.set_field1("slow");
  request.set_field2(100);
  auto slow = client.stream<Msg02>(request, 60s);
  int read = slow.next() ? 1 : 0;
  std::cout << read << " sample is read, and " << ahead.get_future().get() << " are sent: the sender waits\n";

  request.set_field1("quick");
  int quick = 0;
  for (const Msg02& sample : client.stream<Msg02>(request, 60s)) quick = sample.field2();
  std::cout << "another stream is read meanwhile, to its sample " << quick << "\n";

  for (const Msg02& sample : slow) {
    if (sample.field2() != ++read) return 1;
  }
  std::cout << "the slow one is read to its end: " << read << " samples, in order\n";
}
