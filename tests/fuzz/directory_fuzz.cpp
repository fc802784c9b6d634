// Any registrations and look-ups may come to a registry, in any order. Whatever they are:
//   - there are never more entries than the limits say, and no reply is longer;
//   - whoever follows what is told finds an endpoint;
//   - a list in parts is in order, has all that is there and nothing twice.
// An input is one message after the other, each behind a byte that says what it is and one with its length.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <dividere.hpp>
#include <string>
#include <string_view>
#include <tuple>

#include "dividere/connection/detail/endpoint.hpp"
#include "dividere/registry/detail/directory.hpp"
#include "dividere/registry/detail/own_address.hpp"
#include "require.hpp"

namespace detail = dividere::detail;
using fuzz::require;

namespace {

detail::DirectoryLimits limits() {
  detail::DirectoryLimits made;
  made.instancesPerName = 4;
  made.entries = 12;
  made.entriesPerHost = 6;
  made.replyBytes = 800;
  return made;
}

auto placeOf(const detail::ServiceInstance& each) { return std::tie(each.name, each.server, each.port); }

void follow(const std::string& host, std::uint32_t port) {
  require(port >= 1 && port <= 65535);
  const std::string endpoint = detail::tcpEndpoint(host, static_cast<std::uint16_t>(port));
  detail::parseEndpoint("fuzz", endpoint, false);
  require(!detail::hasWildcard(endpoint));  // else a Dealer would bind it
}

/// One registry's life.
class Life {
 public:
  void act(unsigned char what, std::string_view message) {
    switch (what % 5) {
      case 0: add(what, message); break;
      case 1: remove(message); break;
      case 2: find(message); break;
      case 3: now_ += std::chrono::milliseconds(message.size()); break;
      case 4: directory_.expire(now_); break;
    }
    require(directory_.size() <= limits().entries);
  }

  void end() {
    directory_.expire(now_);
    detail::ServiceLookupReq request;
    request.pattern = "*";
    std::size_t listed = 0;
    for (bool more = true; more;) {
      const auto reply = directory_.find(request, now_);
      check(request, reply);
      listed += reply.instances.size();
      more = reply.more;
      if (more) request.after = reply.instances.back();
    }
    require(listed == directory_.size());
  }

 private:
  void add(unsigned char what, std::string_view message) {
    detail::RegisterService service;
    if (!service.decode(message)) return;
    const std::string registrant = "192.0.2." + std::to_string(what / 5 % 4);
    const std::string refusal = directory_.add(service, registrant, now_);
    require(refusal.size() < 400);
  }

  void remove(std::string_view message) {
    detail::UnregisterService service;
    if (!service.decode(message)) return;
    const std::size_t before = directory_.size();
    const bool wasThere = directory_.remove(service);
    require(directory_.size() == before - (wasThere ? 1 : 0));
  }

  void find(std::string_view message) {
    detail::ServiceLookupReq request;
    if (request.decode(message)) check(request, directory_.find(request, now_));
  }

  void check(const detail::ServiceLookupReq& request, const detail::ServiceLookupRep& reply) {
    constexpr std::size_t kOneInstance = 255 + 253 + 30;  // what is told at least, however small a reply is to be
    require(reply.encode().size() <= std::max(limits().replyBytes, kOneInstance) + request.name.size() + 16);
    if (reply.port != 0) follow(reply.server, reply.port);
    for (const auto& each : reply.instances) follow(each.server, each.port);
    require(reply.isListed == !request.pattern.empty());
    require(!reply.more || !reply.instances.empty());
    if (!reply.isListed) return;
    const detail::ServiceInstance* last = &request.after;
    for (const auto& each : reply.instances) {
      require(placeOf(each) > placeOf(*last));
      last = &each;
    }
  }

  detail::Directory directory_{limits()};
  detail::Directory::Clock::time_point now_{};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Life life;
  while (rest.size() >= 2) {
    const auto what = static_cast<unsigned char>(rest[0]);
    const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(rest[1]), rest.size() - 2);
    life.act(what, rest.substr(2, length));
    rest.remove_prefix(2 + length);
  }
  life.end();
  return 0;
}
