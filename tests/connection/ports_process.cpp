// Acquires as many ports as its argument says, prints them in one line, and holds them until it is killed.
#include <dividere.hpp>

#include <unistd.h>

#include <cstdio>
#include <string>

int main(int, char** argv) {
  std::string line;
  for (int i = std::stoi(argv[1]); i > 0; --i) {
    line += std::to_string(dividere::connection::PortManager::acquire()) + " ";
  }
  std::puts(line.c_str());
  std::fflush(stdout);
  ::pause();
}
