// A Broker that prints its ports, and runs until it is killed.
//
//   balancing_broker_process <front port> <back port> <heartbeat in ms>

#include <unistd.h>

#include <cstdio>
#include <dividere.hpp>
#include <string>

int main(int, char** argv) {
  dividere::balancing::BrokerOptions options;
  options.heartbeat = std::chrono::milliseconds(std::stoi(argv[3]));
  const auto port = [&](int i) { return static_cast<std::uint16_t>(std::stoi(argv[i])); };
  dividere::balancing::Broker broker(port(1), port(2), options);
  std::printf("%d\n%d\n", broker.frontPort(), broker.backPort());
  std::fflush(stdout);
  for (;;) ::pause();
}
