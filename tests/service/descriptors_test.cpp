// The end of things in a process that has no descriptor left.
#include <doctest/doctest.h>
#include <dividere.hpp>

#include <chrono>
#include <memory>
#include <thread>

#include "stage.hpp"
#include "support/limit.hpp"
#include "support/local.hpp"
#include "support/no_descriptors.hpp"

using dividere::balancing::Broker;
using dividere::balancing::Worker;
using dividere::connection::Proxy;
using dividere::reactor::MpMsgReactor;
using dividere::reactor::MtMsgReactor;
using dividere::registry::Server;

TEST_CASE("all that is active can be destroyed without a descriptor left, by a thread that never waited" *
          doctest::skip(!support::kCanDoWithoutDescriptors)) {
  auto server = std::make_unique<Server>(stage::anywhere());
  auto service = std::make_unique<stage::Echo>("name", stage::at(*server));
  auto registered = std::make_unique<dividere::registry::Client>(stage::clientOf(*server));
  auto proxy = std::make_unique<Proxy>(0, 0);
  auto broker = std::make_unique<Broker>(0, 0);
  auto worker = std::make_unique<Worker>(support::local(broker->backPort()));
  auto reactor = std::make_unique<MtMsgReactor>();
  auto processes = std::make_unique<MpMsgReactor>(1, [](MtMsgReactor&) {});
  std::thread([&] {
    REQUIRE(service->start(support::kLimit));
    registered->registerService("other", 1);
    worker->on([](const Msg01&) {});
    worker->start();
    reactor->on([](const Msg01&) {});
    reactor->start();
  }).join();
  const auto destroy = [](auto& object) {
    std::thread([&] {
      const support::NoDescriptors none;
      object.reset();
    }).join();
  };
  destroy(processes);
  destroy(reactor);
  destroy(worker);
  destroy(broker);
  destroy(proxy);
  destroy(registered);
  destroy(service);
  destroy(server);
  CHECK_FALSE(server);
}
