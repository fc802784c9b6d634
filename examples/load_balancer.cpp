// Load balancing: one broker, three workers and two clients, a process each. Clients know the broker's front port,
// workers its back port, and nobody knows how many there are of the others.

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dividere.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "clientMsgs.pb.h"

using namespace dividere::balancing;

int beBroker(std::uint16_t front, std::uint16_t back) {
  Broker broker(front, back);
  for (;;) pause();
}

int beWorker(std::uint16_t back) {
  Worker worker("tcp://localhost:" + std::to_string(back));
  worker.on([](const Msg02& question) {
    Msg02 answer;
    answer.set_field2(question.field2() * question.field2());
    return answer;
  });
  worker.start();
  for (;;) pause();
}

int beClient(std::uint16_t front) {
  Client client("tcp://localhost:" + std::to_string(front));
  for (int i = 1; i <= 100; ++i) {
    Msg02 question;
    question.set_field2(i);
    const auto answer = client.call<Msg02>(question);
    if (!answer || answer->field2() != i * i) return 1;
  }
  return 0;
}

pid_t start(std::string role, std::uint16_t front, std::uint16_t back) {
  std::string name = "load_balancer", frontPort = std::to_string(front), backPort = std::to_string(back);
  char* arguments[] = {name.data(), role.data(), frontPort.data(), backPort.data(), nullptr};
  pid_t child = 0;
  posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, environ);
  return child;
}

int main(int argc, char** argv) {
  if (argc > 3) {
    const std::string role = argv[1];
    const auto port = [&](int i) { return static_cast<std::uint16_t>(std::stoi(argv[i])); };
    return role == "broker" ? beBroker(port(2), port(3)) : role == "worker" ? beWorker(port(3)) : beClient(port(2));
  }

  using dividere::connection::PortManager;
  const std::uint16_t front = PortManager::acquire(), back = PortManager::acquire();
  std::vector<pid_t> clients, others;
  for (int i = 0; i < 2; ++i) clients.push_back(start("client", front, back));  // in any order
  for (int i = 0; i < 3; ++i) others.push_back(start("worker", front, back));
  others.push_back(start("broker", front, back));

  for (std::size_t i = 0; i < clients.size(); ++i) {
    int status = 0;
    waitpid(clients[i], &status, 0);
    std::cout << "client " << i + 1 << ": " << (status == 0 ? "100 requests, 100 right answers" : "failed") << "\n";
  }
  for (const pid_t other : others) {
    kill(other, SIGTERM);
    waitpid(other, nullptr, 0);
  }
}
