// Spans in the form of OpenTelemetry's OTLP/JSON, a line each: what a collector's file receiver reads, or takes by HTTP.

#include <chrono>
#include <dividere.hpp>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>

#include "clientMsgs.pb.h"

template <class Id>
std::string hex(const Id& id) {
  std::string text;
  for (const unsigned byte : id) text += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  return text;
}

std::string quoted(const std::string& text) {
  std::string safe;
  for (const char each : text) safe += each == '"' || each == '\\' || each < ' ' ? ' ' : each;
  return '"' + safe + '"';
}

std::string otlp(const dividere::Span& span) {
  const auto start = std::chrono::duration_cast<std::chrono::nanoseconds>(span.start.time_since_epoch());
  const bool isServer = span.kind == dividere::Span::Kind::server, isRoot = hex(span.parentId) == std::string(16, '0');
  std::ostringstream line;
  line << R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":)"
       << quoted(span.component) << R"(}}]},"scopeSpans":[{"scope":{"name":"dividere"},"spans":[{"traceId":")"
       << hex(span.context.traceId) << R"(","spanId":")" << hex(span.context.spanId) << R"(","parentSpanId":")"
       << (isRoot ? "" : hex(span.parentId)) << R"(","name":)" << quoted(span.name) << R"(,"kind":)"
       << (isServer ? 2 : 3) << R"(,"startTimeUnixNano":")" << start.count() << R"(","endTimeUnixNano":")"
       << (start + span.duration).count() << R"(","status":{"code":)" << (span.error.empty() ? 0 : 2)
       << R"(,"message":)" << quoted(span.error) << "}}]}]}]}\n";
  return line.str();
}

int main() {
  static std::mutex mutex;  // spans end in several threads
  dividere::setSpanHandler([](const dividere::Span& span) {
    const std::lock_guard<std::mutex> lock(mutex);
    std::cout << otlp(span) << std::flush;
  });

  dividere::balancing::Broker broker(0, 0);
  dividere::balancing::Worker worker("tcp://localhost:" + std::to_string(broker.backPort()));
  worker.on([](const Msg01& message) { return message; }).start();
  dividere::balancing::Client client("tcp://localhost:" + std::to_string(broker.frontPort()));
  const bool isReplied = client.call<Msg01>(Msg01()).has_value();
  worker.stop();
  dividere::setSpanHandler(nullptr);
  return isReplied ? 0 : 1;
}
