// dividere list [PATTERN]: what is registered.
//
// SPDX-License-Identifier: MIT

#include "../command.hpp"
#include "../feed.hpp"
#include "../printer.hpp"
#include "output.pb.h"

namespace tool {

static int list(const Common& common, const std::string& pattern) {
  dividere::registry::Client registry(common.registries());
  Printer printer(common.json);
  for (const auto& found : registry.instances(pattern, common.timeout())) {
    dividere::tool::Entry entry;
    entry.set_name(found.name);
    entry.set_kind(found.kind);
    entry.set_endpoint(endpointOf(found));
    entry.set_key(found.key);
    printer.print(entry);
  }
  printer.finish();
  return kOk;
}

void addList(CLI::App& app, const Common& common, Action& action) {
  const auto pattern = std::make_shared<std::string>("*");
  auto* command = addCommand(app, "list", "what is registered: services, publishers, brokers", action,
                             [&common, pattern] { return list(common, *pattern); });
  command->add_option("pattern", *pattern, "a name, or the beginning of names and an asterisk")->capture_default_str();
}

}  // namespace tool
