// Sends something big to an endpoint and ends at once, in one of the ways that programs have.
// Usage: exit_process <way> <endpoint> <bytes> <linger in milliseconds>
#include <dividere.hpp>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

using dividere::connection::Dealer;

namespace {

// Destroyed after what the library does at exit, as it was there before the library was first used.
std::optional<Dealer> made_late;  // NOLINT

void sendFrom(Dealer& dealer, std::size_t bytes) { dealer.send(std::string(bytes, 'x')); }

}  // namespace

int main(int, char** argv) {
  const std::string way = argv[1], endpoint = argv[2];
  const std::size_t bytes = std::stoul(argv[3]);
  dividere::connection::SocketOptions options;
  options.linger = std::chrono::milliseconds(std::stoi(argv[4]));
  if (way == "destroyed") {
    Dealer dealer(endpoint, options);
    sendFrom(dealer, bytes);
  } else if (way == "static") {
    static Dealer dealer(endpoint, options);
    sendFrom(dealer, bytes);
  } else if (way == "static-made-late") {
    sendFrom(made_late.emplace(endpoint, options), bytes);
  } else if (way == "exit") {
    static Dealer dealer(endpoint, options);
    sendFrom(dealer, bytes);
    std::exit(7);
  } else if (way == "alive-at-exit") {
    new Dealer(endpoint, options);  // never destroyed; what it sent may be lost
    std::exit(7);
  } else if (way == "private-context") {
    options.context = std::make_shared<dividere::connection::Context>();
    Dealer dealer(endpoint, options);
    sendFrom(dealer, bytes);
  } else {
    return 1;
  }
  return 0;
}
