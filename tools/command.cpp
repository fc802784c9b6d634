// SPDX-License-Identifier: MIT

#include "command.hpp"

#include <poll.h>

#include <algorithm>
#include <cmath>

namespace tool {

/// HOST, HOST:PORT or [IPv6]:PORT.
static dividere::registry::Location locationOf(const std::string& text) {
  dividere::registry::Location location;
  const auto colon = text.rfind(':');
  const bool hasPort = colon != std::string::npos &&
                       text.find_first_not_of("0123456789", colon + 1) == std::string::npos &&
                       colon + 1 < text.size() && (text.find(':') == colon || text[colon - 1] == ']');
  location.host = hasPort ? text.substr(0, colon) : text;
  if (!hasPort) return location;
  const auto port = text.size() - colon > 6 ? 0 : std::stoul(text.substr(colon + 1));
  if (port == 0 || port > 65535) throw UsageError("--registry " + text + ": a port is a number from 1 to 65535");
  location.port = static_cast<std::uint16_t>(port);
  return location;
}

std::vector<dividere::registry::Location> Common::registries() const {
  std::vector<dividere::registry::Location> result;
  result.reserve(registryTexts.size() + 1);
  for (const auto& text : registryTexts) result.push_back(locationOf(text));
  if (result.empty()) result.emplace_back();
  return result;
}

std::chrono::milliseconds Common::timeout() const {
  if (!(timeoutSeconds >= 0) || timeoutSeconds > 1e9) throw UsageError("--timeout must be seconds, zero or more");
  return std::chrono::milliseconds(std::llround(timeoutSeconds * 1000));
}

dividere::Interrupt& ended() {
  static dividere::Interrupt interrupt;
  return interrupt;
}

bool waitForEnd(std::chrono::milliseconds timeout) {
  const bool isForEver = timeout == std::chrono::milliseconds::max();
  const auto most = isForEver ? -1 : static_cast<int>(std::clamp<std::int64_t>(timeout.count(), 0, 1 << 30));
  pollfd waited{ended().descriptor(), POLLIN, 0};
  do {
    ::poll(&waited, 1, most);
  } while (isForEver && !ended().isRaised());
  return ended().isRaised();
}

std::unique_ptr<dividere::registry::Announcement> announce(const Common& common, const std::string& name,
                                                           std::uint16_t port, const std::string& kind) {
  if (name.empty()) return nullptr;
  dividere::registry::AnnouncementOptions options;
  options.registries = common.registries();
  return std::make_unique<dividere::registry::Announcement>(name, port, kind, options);
}

CLI::App* addCommand(CLI::App& app, const std::string& name, const std::string& description, Action& action,
                     std::function<int()> run) {
  auto* command = app.add_subcommand(name, description);
  command->callback([&action, run = std::move(run)] { action = run; });
  return command;
}

}  // namespace tool
