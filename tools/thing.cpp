// SPDX-License-Identifier: MIT

#include "thing.hpp"

#include <algorithm>
#include <map>

namespace tool {

dividere::tool::Thing thingOf(const Seen& seen) {
  dividere::tool::Thing thing;
  thing.set_name(seen.address.name);
  thing.set_kind(seen.address.kind);
  thing.set_endpoint(seen.endpoint);
  thing.set_key(seen.address.key);
  thing.set_describes_itself(seen.description.has_value());
  if (!seen.description) return thing;
  const auto& about = *seen.description;
  thing.set_process(about.process);
  thing.set_pid(about.pid);
  thing.set_host(about.host);
  thing.set_version(about.version);
  thing.set_libzmq(about.libzmq);
  thing.set_protobuf(about.protobuf);
  thing.set_uptime_s(std::chrono::duration<double>(about.uptime).count());
  for (const auto& method : about.methods) {
    auto& added = *thing.add_methods();
    added.set_name(method.name);
    added.set_input(method.input);
    added.set_output(method.output);
    added.set_stream(method.stream);
  }
  for (const auto& type : about.types) thing.add_types(type.name);
  thing.mutable_figures()->insert(seen.figures.begin(), seen.figures.end());
  for (const auto& [endpoint, messages] : seen.flows) thing.add_connects_to(endpoint);
  thing.mutable_rates()->insert(seen.rates.begin(), seen.rates.end());
  return thing;
}

std::string shownSource(const Seen& seen) {
  std::string text = seen.address.name.empty() ? "" : seen.address.name + " ";
  if (!seen.address.kind.empty()) text += "(" + seen.address.kind + ") ";
  return text + "at " + seen.endpoint;
}

std::string shownMethod(const dividere::Description::Method& method) {
  std::string text = method.name + "(" + method.input + ")";
  if (!method.output.empty()) text += std::string(" returns ") + (method.stream ? "stream " : "") + method.output;
  return text;
}

std::string processOf(const Seen& seen) {
  if (!seen.description) return "";
  return seen.description->process + " " + std::to_string(seen.description->pid) + " on " + seen.description->host;
}

/// "host:port" of a tcp endpoint as seen from `host`: loopback is that machine.
static std::string placeOf(const std::string& endpoint, const std::string& host) {
  auto place = endpoint.substr(endpoint.find("//") + 2);
  for (const char* loopback : {"127.0.0.1:", "localhost:", "[::1]:"}) {
    if (place.rfind(loopback, 0) == 0) return host + place.substr(place.rfind(':'));
  }
  return place;
}

/// What is there, by where others may find it.
static std::map<std::string, std::string> endpointsByPlace(const std::vector<Seen>& all) {
  std::map<std::string, std::string> endpoints;
  for (const auto& seen : all) {
    endpoints[placeOf(seen.endpoint, "")] = seen.endpoint;
    if (!seen.description) continue;
    endpoints[seen.description->host + seen.endpoint.substr(seen.endpoint.rfind(':'))] = seen.endpoint;
  }
  return endpoints;
}

std::vector<dividere::tool::Edge> edgesOf(const std::vector<Seen>& all) {
  const auto endpoints = endpointsByPlace(all);
  std::map<std::pair<std::string, std::string>, double> found;  // by process and endpoint
  for (const auto& seen : all) {
    for (const auto& [endpoint, messages] : seen.flows) {
      const auto there = endpoints.find(placeOf(endpoint, seen.description->host));
      if (endpoint.rfind("tcp://", 0) != 0 || there == endpoints.end()) continue;
      const auto rate = seen.flowRates.find(endpoint);
      auto& edge = found[{processOf(seen), there->second}];
      if (rate != seen.flowRates.end()) edge = std::max(edge, rate->second);
    }
  }
  std::vector<dividere::tool::Edge> edges;
  edges.reserve(found.size());
  for (const auto& [ends, rate] : found) {
    edges.emplace_back();
    edges.back().set_process(ends.first);
    edges.back().set_endpoint(ends.second);
    edges.back().set_messages_per_s(rate);
  }
  return edges;
}

}  // namespace tool
