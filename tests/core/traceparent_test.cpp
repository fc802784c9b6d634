// Our traceparent in the hands of OpenTelemetry's own parser, where node has it: npm install @opentelemetry/core
// @opentelemetry/api, and NODE_PATH names the node_modules.
#include <doctest/doctest.h>

#include <cstdlib>
#include <dividere.hpp>
#include <fstream>
#include <sstream>
#include <string>

#include "support/temp_dir.hpp"

namespace {

constexpr const char* kScript = R"(
const { parseTraceParent } = require('@opentelemetry/core');
const parsed = parseTraceParent(process.argv[2]);
console.log(parsed ? [parsed.traceId, parsed.spanId, parsed.traceFlags].join(' ') : 'nothing');
)";

/// What node prints; nothing if it lacks what it needs.
std::string parsedByOpenTelemetry(const std::string& traceparent) {
  const support::TempDir folder;
  std::ofstream(folder.path("parse.js")) << kScript;
  const std::string command =
      "node " + folder.path("parse.js") + " " + traceparent + " >" + folder.path("out") + " 2>/dev/null";
  if (std::system(command.c_str()) != 0) return {};
  std::ostringstream text;
  text << std::ifstream(folder.path("out")).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("OpenTelemetry reads our traceparent") {
  dividere::TraceContext context;
  context.traceId = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6, 0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
  context.spanId = {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
  const std::string parsed = parsedByOpenTelemetry(context.traceparent());
  if (parsed.empty()) {
    MESSAGE("left out: there is no node with @opentelemetry/core");
    return;
  }
  CHECK(parsed == "4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7 1\n");
  context.flags = 0;
  CHECK(parsedByOpenTelemetry(context.traceparent()) == "4bf92f3577b34da6a3ce929d0e0e4736 00f067aa0ba902b7 0\n");
}
