// A broker, a worker and a client, none of which has a word about keys: DIVIDERE_KEYS has.
//   keyed_balancing_process broker [front's group] [back's group]
//   keyed_balancing_process worker <back port>
//   keyed_balancing_process client <front port>
// Each says what becomes of it; the first two end when they are killed.

#include <unistd.h>

#include <cstdlib>
#include <dividere.hpp>
#include <iostream>
#include <string>

#include "golden.pb.h"

namespace {

namespace balancing = dividere::balancing;

[[noreturn]] void untilKilled() {
  for (;;) ::pause();
}

int broker(const std::string& frontGroup, const std::string& backGroup) {
  balancing::BrokerOptions options;
  options.frontOnlyFor = frontGroup;
  options.backOnlyFor = backGroup;
  const balancing::Broker broker(0, 0, options);
  std::cout << broker.frontPort() << std::endl << broker.backPort() << std::endl;
  untilKilled();
}

int worker(const std::string& endpoint) {
  balancing::Worker worker(endpoint);
  worker.on([](const Msg01& message, dividere::reactor::Sender& sender) {
    Msg01 reply;
    reply.set_field1(message.field1() + " from '" + sender.peer().name + "' at " + sender.peer().address);
    return reply;
  });
  worker.start();
  std::cout << "started" << std::endl;
  untilKilled();
}

int client(const std::string& endpoint) {
  balancing::Client client(endpoint);
  Msg01 request;
  request.set_field1("hello");
  const auto reply = client.call<Msg01>(request);
  std::cout << (reply ? reply->field1() : "nothing in time") << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argv[1], first = argc > 2 ? argv[2] : "", second = argc > 3 ? argv[3] : "";
  try {
    if (role == "broker") return broker(first, second);
    const std::string endpoint = "tcp://127.0.0.1:" + first;
    return role == "worker" ? worker(endpoint) : client(endpoint);
  } catch (const dividere::Error& error) {
    std::cout << "Error " << error.code().value() << ": " << error.what() << std::endl;
  }
}
