#include <doctest/doctest.h>
#include <dividere.hpp>

#include <atomic>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/child.hpp"
#include "support/events.hpp"
#include "support/eventually.hpp"
#include "support/log_capture.hpp"
#include "support/thrown.hpp"

using namespace dividere;
using namespace support;
using connection::EventType;
using connection::Publisher;

namespace {

constexpr const char* kErrorLine =
    "dividere error: connection::Subscriber: an event handler threw: thrown on purpose\n";

/// An error line, and it has been written when this returns.
void provokeErrorLine() {
  Events events;
  connection::SocketOptions options;
  options.onEvent = [collect = events.handler(), thrown = false](const connection::SocketEvent& event) mutable {
    collect(event);
    if (!std::exchange(thrown, true)) throw std::runtime_error("thrown on purpose");
  };
  Publisher publisher("tcp://127.0.0.1:*", options);
  REQUIRE(events.wait(EventType::listening));
  // The same thread delivers the next event, after it has written the line.
  connection::Subscriber subscriber(publisher.endpoint());
  REQUIRE(events.wait(EventType::accepted));
}

}  // namespace

TEST_CASE("a log handler is given the level, who speaks and what is said") {
  const LogCapture log;
  const Publisher publisher("tcp://127.0.0.1:*");
  REQUIRE(log.wait("listening " + publisher.endpoint()));
  const auto line = log.lines("listening " + publisher.endpoint()).front();
  CHECK(line.level == LogLevel::debug);
  CHECK(line.component == "connection::Publisher");
}

TEST_CASE("a log handler is given no line below its level") {
  for (const LogLevel least : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error, LogLevel::off}) {
    CAPTURE(static_cast<int>(least));
    const LogCapture log(least);
    provokeErrorLine();
    CHECK(log.lines("listening").empty() == (least > LogLevel::debug));
    CHECK(log.lines("thrown on purpose").empty() == (least > LogLevel::error));
    for (const auto& line : log.lines()) CHECK(line.level >= least);
  }
}

TEST_CASE("a log handler that throws disturbs nobody") {
  std::atomic<int> calls{0};
  setLogHandler([&](LogLevel, std::string_view, std::string_view) {
    ++calls;
    throw std::runtime_error("thrown by a log handler");
  });
  provokeErrorLine();
  setLogHandler(nullptr);
  CHECK(calls > 0);
}

TEST_CASE("no lock is held while a log handler runs") {
  std::atomic<int> calls{0};
  setLogHandler([&](LogLevel, std::string_view, std::string_view) {
    connection::PortManager::release(connection::PortManager::acquire());
    setLogHandler([&](LogLevel, std::string_view, std::string_view) { ++calls; });
    ++calls;
  });
  provokeErrorLine();
  setLogHandler(nullptr);
  CHECK(calls > 1);
}

TEST_CASE("log handlers may be exchanged while several threads log") {
  std::atomic<bool> done{false};
  std::atomic<int> calls{0};
  std::thread exchanging([&] {
    while (!done) {
      setLogHandler([&, text = std::string(100, 'x')](LogLevel, std::string_view, std::string_view) {
        calls += static_cast<int>(text.size());
      });
    }
  });
  for (int i = 0; i < 50; ++i) const Publisher publisher("tcp://127.0.0.1:*");
  CHECK(support::eventually([&] {
    provokeErrorLine();
    return calls > 0;
  }));
  done = true;
  exchanging.join();
  setLogHandler(nullptr);
}

TEST_CASE("without a handler only warnings and errors are written, to stderr") {
  Program program("log");
  CHECK(program.output() == kErrorLine);
  CHECK(program.status() == 0);
}

TEST_CASE("taking the log handler away brings stderr back") {
  Program program("log", {"handler-then-none"});
  CHECK(program.output() == kErrorLine);
  CHECK(program.status() == 0);
}

TEST_CASE("DIVIDERE_LOG says from which level on lines are written to stderr") {
  const auto outputWith = [](const std::string& value) {
    return Program("log", {}, {"DIVIDERE_LOG=" + value}).output();
  };
  const std::string debug = outputWith("debug");
  CHECK(contains(debug, "dividere debug: connection::Subscriber: listening tcp://127.0.0.1:"));
  CHECK(contains(debug, kErrorLine));
  CHECK(outputWith("info") == kErrorLine);
  CHECK(outputWith("warning") == kErrorLine);
  CHECK(outputWith("error") == kErrorLine);
  CHECK(outputWith("off") == "");
  CHECK(outputWith("nonsense") == kErrorLine);
}

TEST_CASE("DIVIDERE_LOG has lines say when, in which process, and of which socket") {
  const auto isLine = [](const std::string& value, const std::string& pattern) {
    const std::string output = Program("log", {}, {"DIVIDERE_LOG=" + value}).output();
    CAPTURE(output);
    return std::regex_match(output, std::regex(pattern + ": an event handler threw: thrown on purpose\n"));
  };
  CHECK(isLine("time", R"(20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ dividere error: connection::Subscriber)"));
  CHECK(isLine("error,process", R"(dividere\[\d+\] error: connection::Subscriber)"));
  CHECK(isLine("socket,warning", "dividere error: connection::Subscriber#1"));
  CHECK(isLine("time,process,socket", R"(20\S+Z dividere\[\d+\] error: connection::Subscriber#1)"));
  CHECK(Program("log", {"handler-then-none", "front door"}, {"DIVIDERE_LOG=socket"}).output() ==
        "dividere error: connection::Subscriber 'front door': an event handler threw: thrown on purpose\n");
  CHECK(Program("log", {}, {"DIVIDERE_LOG=off,time,process,socket"}).output().empty());
}
