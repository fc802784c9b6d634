// dividere doctor: whether this machine has what a system of dividere processes needs.
//
// SPDX-License-Identifier: MIT

#include <google/protobuf/stubs/common.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "../command.hpp"
#include "../key_folder.hpp"
#include "../printer.hpp"
#include "../survey.hpp"
#include "output.pb.h"

namespace tool {

namespace {

constexpr rlim_t kEnoughDescriptors = 4096;  // some 1,300 sockets with their events

std::string dotted(int version, int factor) {
  return std::to_string(version / factor / factor) + "." + std::to_string(version / factor % factor) + "." +
         std::to_string(version % factor);
}

dividere::tool::Finding aboutLibzmq() {
  int major, minor, patch;
  zmq_version(&major, &minor, &patch);
  const bool isKnown = major == 4 && (minor > 3 || (minor == 3 && patch >= 4));
  return finding("libzmq", isKnown ? "ok" : "warning",
                 dotted(major * 1000000 + minor * 1000 + patch, 1000) +
                     (isKnown ? "" : ": dividere is tested with 4.3.4 and later"));
}

dividere::tool::Finding aboutProtobuf() { return finding("protobuf", "ok", dotted(GOOGLE_PROTOBUF_VERSION, 1000)); }

dividere::tool::Finding aboutCurve() {
  const bool has = zmq_has("curve") != 0;
  return finding("encryption", has ? "ok" : "warning",
                 has ? "libzmq has CURVE" : "libzmq was built without CURVE: no keys can be used");
}

dividere::tool::Finding aboutDescriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const bool isEnough = limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= kEnoughDescriptors;
  const auto shown = limit.rlim_cur == RLIM_INFINITY ? "no limit" : std::to_string(limit.rlim_cur);
  return finding("descriptors", isEnough ? "ok" : "warning",
                 shown + (isEnough ? ""
                                   : ": a socket takes three or four, ulimit -n " + std::to_string(kEnoughDescriptors) +
                                         " gives more"));
}

/// A service takes the first free port of 5100 to 6000.
bool isFree(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const bool isFree = fd >= 0 && ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (fd >= 0) ::close(fd);
  return isFree;
}

dividere::tool::Finding aboutPorts() {
  int free = 0;
  for (std::uint16_t port = 5100; port <= 6000; ++port) free += isFree(port) ? 1 : 0;
  return finding("service ports",
                 free == 0    ? "wrong"
                 : free < 100 ? "warning"
                              : "ok",
                 std::to_string(free) + " of 901 free, from 5100 to 6000");
}

dividere::tool::Finding aboutHostName() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return finding("host", "ok", name);
}

dividere::tool::Finding aboutRegistry(const dividere::registry::Location& where, std::chrono::milliseconds timeout) {
  const auto shown = where.host + ":" + std::to_string(where.port);
  try {
    dividere::registry::Client registry(std::vector<dividere::registry::Location>{where});
    const auto count = registry.instances("*", timeout).size();
    return finding("registry " + shown, "ok", std::to_string(count) + " registered");
  } catch (const dividere::Error& error) {
    const bool isOld = error.code() == std::errc::not_supported;
    return finding("registry " + shown, isOld ? "ok" : "warning",
                   isOld ? "an old one, which cannot list what it knows" : error.what());
  }
}

constexpr std::chrono::duration<double> kMuchAhead{0.1};  // from there on, the ages of messages mislead
constexpr std::chrono::milliseconds kClockAsked{2000};

std::string shownClock(const ClockDifference& clock) {
  char text[96];
  std::snprintf(text, sizeof text, "%.1f ms %s this host's, give or take %.1f ms", std::abs(clock.ahead.count()) * 1e3,
                clock.ahead.count() < 0 ? "behind" : "ahead of", clock.uncertain.count() * 1e3);
  return text;
}

/// The registries, and all that they know.
std::vector<Seen> peers(const Common& common) {
  std::vector<Seen> all;
  for (const auto& where : common.registries()) {
    all.emplace_back();
    all.back().endpoint = "tcp://" + where.host + ":" + std::to_string(where.port);
    all.back().address.kind = "registry";
    describe(all.back(), kClockAsked);
  }
  try {
    for (auto& seen : Survey(common).look("*", kClockAsked)) all.push_back(std::move(seen));
  } catch (const dividere::Error&) {  // which is said of the registry
  }
  return all;
}

/// Of each host, by who there has replied fastest.
void compareClocks(const Common& common, const Find& find) {
  std::map<std::string, ClockDifference> byHost;
  for (const auto& seen : peers(common)) {
    if (!seen.clock) continue;
    auto& best = byHost.try_emplace(seen.description->host, *seen.clock).first->second;
    if (seen.clock->uncertain < best.uncertain) best = *seen.clock;
  }
  for (const auto& [host, clock] : byHost) {
    const bool isFar = std::abs(clock.ahead.count()) - clock.uncertain.count() > kMuchAhead.count();
    find(finding("clock of " + host, isFar ? "warning" : "ok", shownClock(clock)));
  }
}

int examine(const Common& common) {
  Printer printer(common.json);
  bool isWell = true;
  const Find find = [&](const dividere::tool::Finding& found) {
    isWell = isWell && found.verdict() != "wrong";
    printer.print(found);
  };
  for (const auto about : {aboutLibzmq, aboutProtobuf, aboutCurve, aboutDescriptors, aboutPorts, aboutHostName})
    find(about());
  if (const char* directory = std::getenv("DIVIDERE_KEYS")) checkKeys(directory, find);
  bool isRegistryThere = false;
  for (const auto& where : common.registries()) {
    const auto found = aboutRegistry(where, common.timeout());
    isRegistryThere = isRegistryThere || found.verdict() == "ok";
    find(found);
  }
  if (isRegistryThere) compareClocks(common, find);
  printer.finish();
  return isWell ? kOk : kFailed;
}

}  // namespace

void addDoctor(CLI::App& app, const Common& common, Action& action) {
  addCommand(app, "doctor",
             "says what this machine lacks: libraries, limits, ports, registries, keys, clocks that differ", action,
             [&common] { return examine(common); });
}

}  // namespace tool
