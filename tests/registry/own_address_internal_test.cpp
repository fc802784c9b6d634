#include "dividere/registry/detail/own_address.hpp"

#include <doctest/doctest.h>
#include <ifaddrs.h>
#include <sched.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <set>
#include <string>

#include "support/child.hpp"

namespace detail = dividere::detail;

namespace {

std::set<std::string> addressesOfThisMachine() {
  std::set<std::string> all;
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return all;
  for (const ifaddrs* each = first; each; each = each->ifa_next) {
    if (!each->ifa_addr || each->ifa_addr->sa_family != AF_INET) continue;
    char text[INET_ADDRSTRLEN];
    const auto* address = reinterpret_cast<const sockaddr_in*>(each->ifa_addr);
    all.insert(::inet_ntop(AF_INET, &address->sin_addr, text, sizeof text));
  }
  ::freeifaddrs(first);
  return all;
}

}  // namespace

TEST_CASE("the machine's own address is one of its addresses, not loopback where there is another") {
  const auto all = addressesOfThisMachine();
  const std::string own = detail::ownAddress();
  CHECK(all.count(own) == 1);
  if (all.size() > 1) CHECK(own != "127.0.0.1");
}

TEST_CASE("with no network but loopback the own address is 127.0.0.1") {
  const std::string report = support::inFork([] {
    if (::unshare(CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return;  // not allowed here
    support::expect(detail::ownAddress() == "127.0.0.1", detail::ownAddress());
  });
  CHECK(report == "");
}

TEST_CASE("an IPv6 address in an endpoint has brackets") {
  CHECK(detail::tcpEndpoint("localhost", 5000) == "tcp://localhost:5000");
  CHECK(detail::tcpEndpoint("::1", 5000) == "tcp://[::1]:5000");
  CHECK(detail::tcpEndpoint("[::1]", 5000) == "tcp://[::1]:5000");
}
