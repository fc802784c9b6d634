// Two programs that trust each other's key, and nobody else's: one line in the first, none in the second. This program
// makes both folders of keys, as `dividere keygen` and two copied files do, and starts itself a second time.

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <dividere.hpp>
#include <filesystem>
#include <iostream>
#include <string>

#include "clientMsgs.pb.h"

namespace fs = std::filesystem;

// The second program has no word about keys: DIVIDERE_KEYS names its folder.
int ask(const std::string& port) {
  dividere::messaging::Request request("tcp://localhost:" + port);
  Msg01 question;
  question.set_field1("who am I?");
  request.send(question);
  std::cout << "the host says: " << request.recv<Msg01>().field1() << std::endl;
  return 0;
}

void makeKeys(const fs::path& folder, const std::string& name) {
  const fs::path tool = fs::read_symlink("/proc/self/exe").parent_path() / "../tools/dividere";
  const std::string command = tool.string() + " keygen " + name + " --dir " + folder.string() + " > /dev/null";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("cannot run: " + command);
}

int main(int argc, char** argv) {
  if (argc > 1) return ask(argv[1]);

  char directory[] = "/tmp/dividere-secure-XXXXXX";
  const fs::path here = ::mkdtemp(directory);
  makeKeys(here / "host", "host");
  makeKeys(here / "client", "client");
  fs::copy_file(here / "host/host.key", here / "client/servers/host.key");         // whom the client connects to
  fs::copy_file(here / "client/client.key", here / "host/authorized/client.key");  // who may come to the host

  dividere::secure((here / "host").string());
  dividere::messaging::Response response("tcp://127.0.0.1:*");
  std::string program = argv[0], port = std::to_string(response.port());
  dividere::reactor::MtMsgReactor reactor;
  reactor.add(std::move(response));
  reactor.on([](const Msg01&, dividere::reactor::Sender& sender) {
    Msg01 reply;
    reply.set_field1("you are " + sender.peer().name);
    return reply;
  });
  reactor.start();

  ::setenv("DIVIDERE_KEYS", (here / "client").c_str(), 1);
  char* arguments[] = {program.data(), port.data(), nullptr};
  pid_t child;
  if (posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, environ) != 0) return 1;
  int status = 1;
  waitpid(child, &status, 0);
  fs::remove_all(here);
  return WEXITSTATUS(status);
}
