// dividere registry, broker, proxy: the three that run by themselves, until SIGINT or SIGTERM.
//
// SPDX-License-Identifier: MIT

#include <iostream>
#include <memory>

#include "../command.hpp"
#include "../ready.hpp"

namespace tool {

namespace {

struct Ports {
  std::uint16_t first = 0, second = 0;
  std::string name;
};

int runUntilEnded(const std::string& what) {
  std::cout << what << "\n" << std::flush;
  tellReady();
  waitForEnd();
  tellStopping();
  return kOk;
}

int runRegistry(const Ports& ports) {
  dividere::registry::ServerOptions options;
  options.port = ports.first;
  options.announcePort = ports.second;
  dividere::registry::Server server(options);
  return runUntilEnded("registry on " + std::to_string(server.port()) + ", announces on " +
                       std::to_string(server.announcePort()));
}

int runBroker(const Common& common, const Ports& ports) {
  dividere::balancing::Broker broker(ports.first, ports.second);
  const auto announced = announce(common, ports.name, broker.frontPort(), "broker");
  return runUntilEnded("broker for clients on " + std::to_string(broker.frontPort()) + ", for workers on " +
                       std::to_string(broker.backPort()));
}

int runProxy(const Common& common, const Ports& ports) {
  dividere::connection::Proxy proxy(ports.first, ports.second);
  const auto announced = announce(common, ports.name, proxy.frontPort(), "proxy");
  return runUntilEnded("proxy for requests on " + std::to_string(proxy.frontPort()) + ", for responses on " +
                       std::to_string(proxy.backPort()));
}

void addPorts(CLI::App& command, Ports& ports, const char* first, const char* second) {
  command.add_option(std::string("--") + first, ports.first, "0: a free one")->capture_default_str()->type_name("PORT");
  command.add_option(std::string("--") + second, ports.second, "0: a free one")
      ->capture_default_str()
      ->type_name("PORT");
}

}  // namespace

void addDaemons(CLI::App& app, const Common& common, Action& action) {
  const auto registry = std::make_shared<Ports>();
  registry->first = 5000;
  auto* command = addCommand(app, "registry", "runs a registry", action, [registry] { return runRegistry(*registry); });
  command->add_option("--port", registry->first, "where it is asked; 0: a free one")
      ->capture_default_str()
      ->type_name("PORT");
  command->add_option("--announce-port", registry->second, "where it says that it has started; 0: the next one")
      ->type_name("PORT");

  const auto broker = std::make_shared<Ports>();
  command = addCommand(app, "broker", "runs a broker, which hands requests to idle workers", action,
                       [&common, broker] { return runBroker(common, *broker); });
  addPorts(*command, *broker, "front", "back");
  command->add_option("--name", broker->name, "register its front under this name: service clients find it by that");

  const auto proxy = std::make_shared<Ports>();
  command = addCommand(app, "proxy", "runs a proxy, which joins requests to responses", action,
                       [&common, proxy] { return runProxy(common, *proxy); });
  addPorts(*command, *proxy, "front", "back");
  command->add_option("--name", proxy->name, "register its front under this name");
}

}  // namespace tool
