// A Worker that does what it is told by a Msg02, and prints it first: "die", "hold" (for ever), "stop" (itself, with
// SIGSTOP, then replies), or just replies.
//
//   balancing_worker_process <endpoint> <heartbeat in ms>

#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <dividere.hpp>
#include <string>

#include "golden.pb.h"

void print(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

Msg02 obey(const Msg02& order) {
  print(order.field1());
  if (order.field1() == "die") ::_exit(1);
  if (order.field1() == "stop") ::raise(SIGSTOP);
  while (order.field1() == "hold") ::pause();
  return order;
}

int main(int, char** argv) {
  dividere::balancing::WorkerOptions options;
  options.heartbeat = std::chrono::milliseconds(std::stoi(argv[2]));
  dividere::balancing::Worker worker(argv[1], options);
  worker.on(obey);
  worker.start();
  for (;;) ::pause();
}
