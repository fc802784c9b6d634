// Replies to all that is asked at an ipc endpoint, under a limit of 250 descriptors. Prints a line when it is bound, and one
// for each peer that it has accepted. Usage: ipc_peers_process <endpoint>
#include <dividere.hpp>

#include <sys/resource.h>

#include <cstdio>

using namespace dividere::connection;

int main(int, char** argv) {
  const rlimit limit{250, 250};
  ::setrlimit(RLIMIT_NOFILE, &limit);
  SocketOptions options;
  options.onEvent = [](const SocketEvent& event) {
    if (event.type != EventType::listening && event.type != EventType::accepted) return;
    std::puts("there");
    std::fflush(stdout);
  };
  Response response(argv[1], options);
  for (;;) response.send(response.recv());
}
