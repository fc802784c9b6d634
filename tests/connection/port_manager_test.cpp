#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>
#include <dividere.hpp>

#include <algorithm>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "support/child.hpp"
#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/raw_socket.hpp"
#include "support/thrown.hpp"

using namespace dividere::connection;
using namespace support;

namespace {

/// Ports that a helper process has acquired and holds; it ends with this object.
class HeldElsewhere {
 public:
  explicit HeldElsewhere(int count) : program_("ports", {std::to_string(count)}) {}

  std::vector<std::uint16_t> ports() {
    std::vector<std::uint16_t> read;
    std::istringstream line(program_.line());
    for (unsigned port; line >> port;) read.push_back(static_cast<std::uint16_t>(port));
    return read;
  }
  void end() {
    program_.kill();
    program_.status();
  }

 private:
  Program program_;
};

}  // namespace

TEST_CASE("no port is handed out twice, by however many threads") {
  std::mutex mutex;
  std::multiset<std::uint16_t> acquired;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const auto port = PortManager::acquire();
        const std::lock_guard<std::mutex> lock(mutex);
        acquired.insert(port);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(std::set<std::uint16_t>(acquired.begin(), acquired.end()).size() == 800);
  for (const auto port : acquired) PortManager::release(port);
}

TEST_CASE("no port is handed out twice, by however many processes, until they end") {
  std::multiset<std::uint16_t> acquired;
  std::vector<std::unique_ptr<HeldElsewhere>> processes;
  for (int i = 0; i < 4; ++i) processes.push_back(std::make_unique<HeldElsewhere>(500));
  std::vector<std::uint16_t> mine;
  for (int i = 0; i < 500; ++i) mine.push_back(PortManager::acquire());
  acquired.insert(mine.begin(), mine.end());
  for (auto& process : processes) {
    const auto ports = process->ports();
    CHECK(ports.size() == 500);
    acquired.insert(ports.begin(), ports.end());
  }
  CHECK(std::set<std::uint16_t>(acquired.begin(), acquired.end()).size() == 2500);
  for (const auto port : mine) PortManager::release(port);
}

TEST_CASE("a port can be bound at once, by this library and by plain ZeroMQ, and again") {
  for (int i = 0; i < 20; ++i) {
    const auto port = PortManager::acquire();
    const std::string endpoint = "tcp://*:" + std::to_string(port);
    { const Publisher publisher(endpoint); }
    { const Dealer dealer(endpoint); }
    PortManager::release(port);

    const auto another = PortManager::acquire();
    RawSocket plain(ZMQ_PUB);
    CHECK(plain.bind("tcp://*:" + std::to_string(another)) == "tcp://0.0.0.0:" + std::to_string(another));
    PortManager::release(another);
  }
}

TEST_CASE("a port may be released while a socket is bound to it, and is not handed out then") {
  const auto port = PortManager::acquire();
  const Publisher publisher(local(port));
  PortManager::release(port);
  std::vector<std::uint16_t> others;
  for (int i = 0; i < 100; ++i) others.push_back(PortManager::acquire());
  CHECK(std::count(others.begin(), others.end(), port) == 0);
  for (const auto other : others) PortManager::release(other);
}

TEST_CASE("ports come from outside the system's range for outgoing connections, and not from 5000 to 6000") {
  unsigned low = 0, high = 0;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> low >> high;
  REQUIRE(low > 0);
  std::vector<std::uint16_t> ports;
  for (int i = 0; i < 500; ++i) ports.push_back(PortManager::acquire());
  for (const auto port : ports) {
    CHECK((port < low || port > high));
    CHECK((port < 5000 || port > 6000));
    CHECK(port >= 1024);
    PortManager::release(port);
  }
}

namespace {

/// Whether a port that was held can be had once it is released. Who does not want to share it cannot have it at once if a
/// connection of it ended a moment ago.
bool isFreeOnceReleased() {
  const auto port = PortManager::acquire();
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  CHECK(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0);
  PortManager::release(port);
  const bool isFree = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return isFree;
}

}  // namespace

TEST_CASE("a held port is given to nobody who asks the system for a free one") {
  CHECK(support::eventually(isFreeOnceReleased));
}

TEST_CASE("releasing a port that is not held changes nothing") {
  const auto port = PortManager::acquire();
  PortManager::release(port);
  PortManager::release(port);
  PortManager::release(1);
  PortManager::release(0);
}

TEST_CASE("a port that another process held and did not release is free when that has been killed") {
  HeldElsewhere other(1);
  const auto ports = other.ports();
  REQUIRE(ports.size() == 1);
  const std::string name = "dividere-port-" + std::to_string(ports.front());
  const auto isListed = [&] {
    std::ifstream file("/proc/net/unix");
    std::stringstream text;
    text << file.rdbuf();
    return contains(text.str(), "@" + name);
  };
  CHECK(isListed());
  other.end();
  CHECK_FALSE(isListed());
  const Publisher publisher(local(ports.front()));
  CHECK(publisher.port() == ports.front());
}

TEST_CASE("a wildcard port stays free for the socket alone, also beside many others") {
  std::set<std::uint16_t> ports;
  std::vector<Publisher> publishers;
  for (int i = 0; i < 100; ++i) {
    publishers.emplace_back("tcp://127.0.0.1:*");
    ports.insert(publishers.back().port());
  }
  CHECK(ports.size() == 100);
}
