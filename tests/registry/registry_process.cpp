// A registry to be killed: registry_process <port>. Says "ready"; ends when killed.

#include <unistd.h>

#include <cstdlib>
#include <dividere.hpp>
#include <iostream>

int main(int, char** argv) {
  dividere::registry::ServerOptions options;
  options.port = static_cast<std::uint16_t>(std::atoi(argv[1]));
  dividere::registry::Server server(options);
  std::cout << "ready" << std::endl;
  for (;;) ::pause();
}
