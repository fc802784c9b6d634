// A service to be killed: echo_process <name> <registry port> <lease ms> <what it says before the echo>. Says "ready"
// when it is registered; ends when killed. "die" is a request that it does not survive, "wait" one that it never replies to.

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <dividere.hpp>
#include <iostream>
#include <string>

#include "golden.pb.h"

int main(int, char** argv) {
  dividere::service::ServiceOptions options;
  options.registries = {{"localhost", static_cast<std::uint16_t>(std::atoi(argv[2]))}};
  options.advertise = "127.0.0.1";
  options.lease = std::chrono::milliseconds(std::atoi(argv[3]));
  dividere::service::Service service(argv[1], options);
  const std::string says = argv[4];
  service.on([&](const Msg01& message) {
    if (message.field1() == "die") ::raise(SIGKILL);
    while (message.field1() == "wait") ::pause();
    Msg01 answer;
    answer.set_field1(says + message.field1());
    return answer;
  });
  std::cout << (service.start(std::chrono::seconds(30)) ? "ready" : "not registered") << std::endl;
  for (;;) ::pause();
}
