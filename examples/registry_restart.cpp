// A registry may be restarted at any time. Callers keep their connections, so no call is lost; services register again
// by themselves, so that new callers find them.

#include <atomic>
#include <chrono>
#include <dividere.hpp>
#include <iostream>
#include <memory>
#include <thread>

#include "calculator.pb.h"

using namespace std::chrono_literals;

int main() {
  dividere::registry::ServerOptions anywhere;
  anywhere.port = 0;
  auto registry = std::make_unique<dividere::registry::Server>(anywhere);
  const dividere::registry::Location location{"localhost", registry->port()};
  dividere::registry::ServerOptions samePort;
  samePort.port = location.port;

  dividere::service::ServiceOptions serviceOptions;
  serviceOptions.registries = {location};
  dividere::service::Service calculator("demo.Calculator", serviceOptions);
  calculator.on([](const demo::Divide& request) {
    demo::Quotient quotient;
    quotient.set_value(request.dividend() / request.divisor());
    return quotient;
  });
  calculator.start();

  dividere::service::ClientOptions clientOptions;
  clientOptions.registries = {location};
  std::atomic<bool> done{false};
  std::atomic<int> calls{0}, lost{0};
  std::thread caller([&] {
    dividere::service::Client client("demo.Calculator", clientOptions);
    demo::Divide request;
    for (request.set_divisor(1); !done; ++calls) {
      if (!client.call<demo::Quotient>(request, 5s)) ++lost;
    }
  });

  for (int restart = 1; restart <= 3; ++restart) {
    while (calls == 0) std::this_thread::yield();
    registry.reset();
    std::cout << "the registry is gone";
    for (const int before = calls; calls < before + 100;) std::this_thread::yield();
    std::cout << ", calls go on";
    registry = std::make_unique<dividere::registry::Server>(samePort);
    dividere::service::Client newcomer("demo.Calculator", clientOptions);  // looks for it until it is there
    const auto answer = newcomer.call<demo::Quotient>(demo::Divide(), 5s);
    std::cout << "; it is back, and a new caller " << (answer ? "finds the service" : "finds nothing") << "\n";
  }
  done = true;
  caller.join();
  std::cout << "calls lost: " << lost << "\n";
}
