// Request and response: given several endpoints, requests go to them in turn. Here three threads reply; they could as
// well be processes on three machines.

#include <dividere.hpp>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "clientMsgs.pb.h"

namespace messaging = dividere::messaging;

constexpr int kRounds = 2;

void answer(const std::string& name, messaging::Response response) {
  for (int i = 0; i < kRounds; ++i) {
    const Msg02 question = response.recv<Msg02>();
    Msg01 reply;
    reply.set_field1(name + ": the square of " + std::to_string(question.field2()) + " is " +
                     std::to_string(question.field2() * question.field2()));
    response.send(reply);
  }
}

int main() {
  std::vector<std::string> endpoints;
  std::vector<std::thread> threads;
  for (const char* name : {"Ann", "Bob", "Cem"}) {
    messaging::Response response("tcp://*:*");
    endpoints.push_back("tcp://localhost:" + std::to_string(response.port()));
    threads.emplace_back(answer, name, std::move(response));  // a socket belongs to one thread: it moves there
  }

  messaging::Request request(endpoints);
  for (int i = 1; i <= 3 * kRounds; ++i) {
    Msg02 question;
    question.set_field2(i);
    request.send(question);
    std::cout << request.recv<Msg01>().field1() << "\n";
  }
  for (std::thread& thread : threads) thread.join();
}
