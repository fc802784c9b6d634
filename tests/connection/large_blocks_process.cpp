// Does what the words on its command line say, and prints after each how often malloc() was told to keep large blocks:
// "send" and a size, "receive" and the endpoint it comes from, "keep", "forget".
#include <dividere.hpp>

#include <cstdio>
#include <string>
#include <string_view>

#include "dividere/connection/detail/large_blocks.hpp"

using namespace dividere::connection;

int main(int argc, char** argv) {
  Publisher publisher("tcp://127.0.0.1:*");
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "send") publisher.send(std::string(std::stoul(argv[++i]), 'x'));
    if (word == "receive") Subscriber(argv[++i]).recv();
    if (word == "keep") keepLargeBlocks(true);
    if (word == "forget") keepLargeBlocks(false);
    std::printf("%u", dividere::detail::timesToldToKeepBlocks());
  }
  return 0;
}
