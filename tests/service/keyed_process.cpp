// A registry, a service and a client, none of which has a word about keys: DIVIDERE_KEYS has.
//   keyed_process registry
//   keyed_process service <registry port> <name> [group]
//   keyed_process client <registry port> <name>
//   keyed_process look_up <registry port> <name>
//   keyed_process describe <registry port> <name>
// Each says what becomes of it; the first two end when they are killed.

#include <unistd.h>

#include <cstdlib>
#include <dividere.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "golden.pb.h"

namespace {

[[noreturn]] void untilKilled() {
  for (;;) ::pause();
}

int registry() {
  dividere::registry::ServerOptions options;
  options.port = 0;
  const dividere::registry::Server server(options);
  std::cout << server.port() << std::endl;
  untilKilled();
}

int service(std::vector<dividere::registry::Location> registries, const std::string& name, const std::string& group) {
  dividere::service::ServiceOptions options;
  options.registries = std::move(registries);
  options.advertise = "127.0.0.1";
  dividere::service::Service service(name, options);
  if (!group.empty()) service.onlyFor(group);
  service.on([](const Msg01& message, dividere::reactor::Sender& sender) {
    Msg01 reply;
    reply.set_field1(message.field1() + " from " + sender.peer().name + " at " + sender.peer().address);
    return reply;
  });
  std::cout << (service.start(std::chrono::seconds(10)) ? "ready" : "not registered") << std::endl;
  untilKilled();
}

int client(std::vector<dividere::registry::Location> registries, const std::string& name) {
  dividere::service::ClientOptions options;
  options.registries = std::move(registries);
  dividere::service::Client client(name, options);
  Msg01 request;
  request.set_field1("hello");
  const auto reply = client.call<Msg01>(request, std::chrono::seconds(20));
  std::cout << (reply ? reply->field1() : "nothing in time") << std::endl;
  return 0;
}

int lookUp(const std::vector<dividere::registry::Location>& registries, const std::string& name) {
  dividere::registry::Client client(registries);
  const auto found = client.lookupService(name, std::chrono::seconds(60));
  std::cout << (found ? "found" : "there is none") << std::endl;
  return 0;
}

int describe(const std::vector<dividere::registry::Location>& registries, const std::string& name) {
  dividere::registry::Client client(registries);
  for (const auto& each : client.describe(name, std::chrono::seconds(20))) {
    std::cout << each.address.name << ": " << (each.description ? each.description->methods.at(0).input : each.fault)
              << std::endl;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string role = argv[1];
  try {
    if (role == "registry") return registry();
    const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
    if (role == "service") return service({{"127.0.0.1", port}}, argv[3], argc > 4 ? argv[4] : "");
    if (role == "look_up") return lookUp({{"127.0.0.1", port}}, argv[3]);
    if (role == "describe") return describe({{"127.0.0.1", port}}, argv[3]);
    return client({{"127.0.0.1", port}}, argv[3]);
  } catch (const dividere::Error& error) {
    std::cout << "Error " << error.code().value() << ": " << error.what() << std::endl;
  }
}
