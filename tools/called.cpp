// SPDX-License-Identifier: MIT

#include "called.hpp"

#include "feed.hpp"
#include "survey.hpp"

namespace tool {

void addCallWords(CLI::App& command, CallWords& words) {
  command.add_option("service", words.service, "its name, or an endpoint: of a service, a broker's front, a Response")
      ->required();
  command
      .add_option("words", words.words,
                  "[METHOD] JSON: a method, or the request's type, and the request; - reads it from stdin")
      ->required()
      ->expected(1, 2)
      ->type_name("[METHOD] JSON");
  command.add_option("--type", words.type, "the request's type, where the method does not say it");
  command.add_option("--proto", words.protos, "a .proto file, for what a service cannot describe itself")
      ->type_name("FILE");
}

std::vector<Instance> instancesOf(const Common& common, const std::string& service) {
  if (isEndpoint(service)) return {{service, "", ""}};
  const auto found = lookUp(common, service);
  std::vector<Instance> instances;
  instances.reserve(found.size());
  for (const auto& address : found) instances.push_back({endpointOf(address), address.kind, address.key});
  return instances;
}

TypedRequest requestTo(const Common& common, const Instance& instance, const CallWords& words, Types& types) {
  const std::string word = words.words.size() > 1 ? words.words.front() : "";
  const auto described = words.protos.empty()
                             ? describeQuietly(instance.endpoint, common.timeout(), instance.kind, instance.key)
                             : std::nullopt;
  return requestByHand(types, described, word, words.type, words.words.back());
}

}  // namespace tool
