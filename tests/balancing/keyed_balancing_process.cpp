// A broker, a worker and a client, none of which has a word about keys: DIVIDERE_KEYS has.
//   keyed_balancing_process broker [front's group] [back's group] [front port] [back port]
//   keyed_balancing_process worker <back port>
//   keyed_balancing_process client <front port>
//   keyed_balancing_process load <front port>      calls until SIGTERM, and tells how many had no reply
// Each says what becomes of it; the first two end when they are killed.

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <dividere.hpp>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "golden.pb.h"

namespace {

namespace balancing = dividere::balancing;

[[noreturn]] void untilKilled() {
  for (;;) ::pause();
}

int broker(const std::string& frontGroup, const std::string& backGroup, int frontPort, int backPort) {
  balancing::BrokerOptions options;
  options.frontOnlyFor = frontGroup;
  options.backOnlyFor = backGroup;
  const balancing::Broker broker(static_cast<std::uint16_t>(frontPort), static_cast<std::uint16_t>(backPort), options);
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

int load(const std::string& endpoint) {
  balancing::Client client(endpoint);
  std::atomic<bool> isOver{false};
  std::atomic<int> replied{0}, lost{0};
  std::string why;  // the first
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!isOver) {
        try {
          if (!client.call<Msg01>(Msg01())) {
            if (++lost == 1) why = ": nothing in time";
          } else if (++replied == 100) {
            std::cout << "going" << std::endl;
          }
        } catch (const dividere::Error& error) {
          if (++lost == 1) why = std::string(": ") + error.what();
        }
      }
    });
  }
  dividere::waitForSignal();
  isOver = true;
  for (std::thread& caller : callers) caller.join();
  std::cout << "lost " << lost << why << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argv[1], first = argc > 2 ? argv[2] : "", second = argc > 3 ? argv[3] : "";
  try {
    const auto port = [&](int place) { return argc > place ? std::atoi(argv[place]) : 0; };
    if (role == "broker") return broker(first, second, port(4), port(5));
    const std::string endpoint = "tcp://127.0.0.1:" + first;
    if (role == "load") return load(endpoint);
    return role == "worker" ? worker(endpoint) : client(endpoint);
  } catch (const dividere::Error& error) {
    std::cout << "Error " << error.code().value() << ": " << error.what() << std::endl;
  }
}
