// dividere info SOURCE, dividere types SOURCE, dividere tree: what is there, in its own words.
//
// SPDX-License-Identifier: MIT

#include <iostream>

#include "../command.hpp"
#include "../feed.hpp"
#include "../printer.hpp"
#include "../statistic_name.hpp"
#include "../survey.hpp"
#include "../thing.hpp"
#include "../types.hpp"

namespace tool {

namespace {

struct InfoOptions {
  std::string source;
  bool dot = false;
};

/// All that is there of a name, or what is at the endpoint.
std::vector<Seen> lookAt(const Common& common, const std::string& source) {
  if (!isEndpoint(source)) {
    auto all = Survey(common).look(source, common.timeout());
    if (all.empty()) throw std::runtime_error("nothing is registered as " + source);
    return all;
  }
  Seen seen;
  seen.endpoint = source;
  auto told = dividere::describe(source, common.timeout());
  if (!told) throw TimedOut(source + " has not said what it is in time");
  seen.description = tidied(std::move(*told));
  addFigures(seen);
  seen.address.kind = seen.description->kind;
  seen.address.name = seen.description->name;
  return {seen};
}

void printAsJson(const Seen& seen) { Printer(true).print(thingOf(seen)); }

void printText(const Seen& seen) {
  std::cout << shownSource(seen) << "\n";
  if (!seen.description) {
    std::cout << "  does not describe itself: a Python program, one of dividere 0.1, or one that may not\n";
    return;
  }
  const auto& about = *seen.description;
  std::cout << "  process   " << about.process << " " << about.pid << " on " << about.host << ", up "
            << std::chrono::duration_cast<std::chrono::seconds>(about.uptime).count() << " s\n"
            << "  versions  dividere " << about.version << ", libzmq " << about.libzmq << ", protobuf "
            << about.protobuf << "\n";
  for (const auto& method : about.methods) std::cout << "  method    " << shownMethod(method) << "\n";
  for (const auto& type : about.types) std::cout << "  type      " << type.name << "\n";
  for (const auto& [endpoint, messages] : seen.flows) std::cout << "  uses      " << endpoint << "\n";
  for (const auto& handler : handlersOf(seen.figures)) {
    std::cout << "  handler   " << handler.handles << " " << static_cast<std::uint64_t>(handler.messages)
              << " messages, " << shownMicroseconds(handler.meanUs()) << " each\n";
  }
  for (const auto& figure : about.statistics) {
    if (figure.value == 0 || figure.name.rfind("handler_", 0) == 0) continue;
    std::cout << "  figure    " << figure.name << " " << figure.value << (figure.endpoint.empty() ? "" : " at ")
              << figure.endpoint << "\n";
  }
}

int info(const Common& common, const std::string& source) {
  for (const auto& seen : lookAt(common, source)) {
    if (common.json) {
      printAsJson(seen);
    } else {
      printText(seen);
    }
  }
  return kOk;
}

int listTypes(const Common& common, const std::string& source) {
  Types types;
  for (const auto& seen : lookAt(common, source)) {
    if (seen.description) types.add(seen.description->descriptors);
  }
  if (!common.json) {
    std::cout << types.definitions();
    return kOk;
  }
  for (const auto& name : types.names()) std::cout << "{\"type\":\"" << name << "\"}\n";
  return kOk;
}

using ByProcess = std::map<std::string, std::vector<const Seen*>>;

using Edges = std::vector<dividere::tool::Edge>;

void drawText(const ByProcess& processes, const std::vector<Seen>& all, const Edges& edges) {
  std::map<std::string, const Seen*> byEndpoint;
  for (const auto& seen : all) byEndpoint[seen.endpoint] = &seen;
  for (const auto& [process, things] : processes) {
    std::cout << process << "\n";
    for (const auto* seen : things) std::cout << "  " << shownSource(*seen) << "\n";
    for (const auto& edge : edges) {
      if (edge.process() == process) std::cout << "  uses " << shownSource(*byEndpoint.at(edge.endpoint())) << "\n";
    }
  }
}

std::string inDot(const std::string& text) {
  std::string escaped;
  for (const char c : text) escaped += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return "\"" + escaped + "\"";
}

/// An arrow goes from who uses to what is used.
void drawDot(const ByProcess& processes, const Edges& edges) {
  std::cout << "digraph dividere {\n  rankdir=LR;\n  node [shape=box];\n";
  std::size_t number = 0;
  for (const auto& [process, things] : processes) {
    std::cout << "  subgraph cluster" << number++ << " {\n    label=" << inDot(process) << ";\n";
    for (const auto* seen : things) {
      std::cout << "    " << inDot(seen->endpoint) << " [label=" << inDot(shownSource(*seen)) << "];\n";
    }
    std::cout << "  }\n";
  }
  for (const auto& edge : edges) {
    const auto* from = processes.at(edge.process()).front();
    std::cout << "  " << inDot(from->endpoint) << " -> " << inDot(edge.endpoint()) << ";\n";
  }
  std::cout << "}\n";
}

int tree(const Common& common, bool dot) {
  const auto all = Survey(common).look("*", common.timeout());
  ByProcess processes;
  for (const auto& seen : all) processes[seen.description ? processOf(seen) : "(does not say)"].push_back(&seen);
  if (common.json) {
    for (const auto& seen : all) printAsJson(seen);
  } else if (dot) {
    drawDot(processes, edgesOf(all));
  } else {
    drawText(processes, all, edgesOf(all));
  }
  return kOk;
}

}  // namespace

void addInfo(CLI::App& app, const Common& common, Action& action) {
  const auto options = std::make_shared<InfoOptions>();
  const char* const kSource = "an endpoint, or a name in the registry";
  addCommand(app, "info", "what a service, publisher, broker or registry says of itself", action,
             [&common, options] { return info(common, options->source); })
      ->add_option("source", options->source, kSource)
      ->required();
  addCommand(app, "types", "the messages that it takes and gives, as .proto", action,
             [&common, options] { return listTypes(common, options->source); })
      ->add_option("source", options->source, kSource)
      ->required();
  addCommand(app, "tree", "which process has what, and who uses what", action, [&common, options] {
    return tree(common, options->dot);
  })->add_flag("--dot", options->dot, "as a graph, for Graphviz");
}

}  // namespace tool
