// SPDX-License-Identifier: MIT

#include "thing.hpp"

#include <map>
#include <set>

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

std::vector<dividere::tool::Edge> edgesOf(const std::vector<Seen>& all) {
  std::map<std::string, std::string> endpoints;  // by place
  std::map<std::string, std::set<std::string>> own;
  for (const auto& seen : all) {
    endpoints[placeOf(seen.endpoint, "")] = seen.endpoint;
    if (!seen.description) continue;
    endpoints[seen.description->host + seen.endpoint.substr(seen.endpoint.rfind(':'))] = seen.endpoint;
    own[processOf(seen)].insert(seen.endpoint);
  }
  std::map<std::pair<std::string, std::string>, bool> found;
  for (const auto& seen : all) {
    if (!seen.description) continue;
    for (const auto& figure : seen.description->statistics) {
      if (figure.endpoint.rfind("tcp://", 0) != 0) continue;
      const auto there = endpoints.find(placeOf(figure.endpoint, seen.description->host));
      if (there == endpoints.end() || own[processOf(seen)].count(there->second)) continue;
      found[{processOf(seen), there->second}] = true;
    }
  }
  std::vector<dividere::tool::Edge> edges;
  for (const auto& [ends, ignored] : found) {
    edges.emplace_back();
    edges.back().set_process(ends.first);
    edges.back().set_endpoint(ends.second);
  }
  return edges;
}

}  // namespace tool
