#include "dividere/balancing/detail/ended_connections.hpp"

#include <doctest/doctest.h>

#include <map>
#include <mutex>
#include <vector>

#include "support/eventually.hpp"

using namespace dividere::detail;

TEST_CASE("connections that end together are looked at together, each several times") {
  constexpr int kMany = 1000;
  std::mutex mutex;
  std::map<int, int> looks;  // of each
  int calls = 0;
  ReactorLoop loop("test");
  EndedConnections ended(loop, [&](const std::vector<int>& descriptors) {
    const std::lock_guard<std::mutex> lock(mutex);
    ++calls;
    for (const int each : descriptors) ++looks[each];
  });
  for (int i = 0; i < kMany; ++i) ended.add(i);
  loop.start();
  const auto looked = [&](int times) {
    const std::lock_guard<std::mutex> lock(mutex);
    return looks.size() == kMany && looks.begin()->second == times && looks.rbegin()->second == times;
  };
  CHECK(support::eventually([&] { return looked(8); }));
  ended.add(7);
  CHECK(support::eventually([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    return looks[7] == 16;
  }));
  loop.stop();
  CHECK(looks[0] == 8);
  CHECK(calls == 16);
}
