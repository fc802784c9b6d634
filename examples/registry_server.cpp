// A registry, to be left running: registry_server [--port N]
//
// Without --port it is where everybody looks for it, at 5000 (and 5001, where it announces itself); 0 takes a free
// port. Ends with Ctrl-C.

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dividere.hpp>
#include <iostream>

int main(int argc, char** argv) {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGINT);
  sigaddset(&ending, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);

  dividere::registry::ServerOptions options;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--port") == 0) options.port = static_cast<std::uint16_t>(std::atoi(argv[i + 1]));
  }
  try {
    dividere::registry::Server server(options);
    std::cout << "registry at port " << server.port() << std::endl;
    int signal;
    sigwait(&ending, &signal);
  } catch (const dividere::Error& error) {  // the port is taken
    std::cerr << error.what() << "\n";
    return 1;
  }
}
