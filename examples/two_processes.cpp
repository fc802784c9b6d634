// Two processes: this program starts itself a second time, and the two exchange typed messages. The second needs
// nothing but the first one's port; on another machine, its name as well.

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <dividere.hpp>
#include <iostream>
#include <string>

#include "clientMsgs.pb.h"

namespace messaging = dividere::messaging;

// The second process: asks three questions, then says that it is done.
int ask(const std::string& port) {
  messaging::Request request("tcp://localhost:" + port);
  for (int i = 1; i <= 3; ++i) {
    Msg02 question;
    question.set_field1("times three");
    question.set_field2(i);
    request.send(question);
    if (request.recv<Msg02>().field2() != 3 * i) return 1;
  }
  Msg01 done;
  done.set_field1("thank you");
  request.send(done);
  request.recv<Msg01>();
  return 0;
}

int main(int argc, char** argv) {
  if (argc > 1) return ask(argv[1]);

  messaging::Response response("tcp://*:*");
  std::string program = argv[0], port = std::to_string(response.port());
  char* arguments[] = {program.data(), port.data(), nullptr};
  pid_t child;
  if (posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, environ) != 0) return 1;

  for (bool done = false; !done;) {
    const auto message = response.recv(std::chrono::seconds(30));  // whatever comes
    if (!message) return 1;
    if (const auto* question = dynamic_cast<const Msg02*>(message.get())) {
      std::cout << "asked for " << question->field2() << " " << question->field1() << "\n";
      Msg02 answer;
      answer.set_field2(question->field2() * 3);
      response.send(answer);
    } else {
      std::cout << "received a " << message->GetTypeName() << ": nothing more to do\n";
      response.send(*message);
      done = true;
    }
  }

  int status = 0;
  waitpid(child, &status, 0);
  std::cout << "the other process ended " << (status == 0 ? "well" : "badly") << "\n";
  return status == 0 ? 0 : 1;
}
