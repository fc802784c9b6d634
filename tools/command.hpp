// What all commands of the tool share: the options that each takes, and how it ends.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <dividere.hpp>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace tool {

/// How the program ends.
enum Exit : int { kOk = 0, kFailed = 1, kUsage = 2, kTimedOut = 3 };

/// Options of every command, which may stand before its name or behind it.
struct Common {
  std::vector<std::string> registryTexts;
  double timeoutSeconds = 5;
  bool json = false;

  std::vector<dividere::registry::Location> registries() const;
  std::chrono::milliseconds timeout() const;
};

/// Ends the command with kUsage: what was asked for makes no sense.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Ends the command with kTimedOut.
struct TimedOut : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What the command that was asked for does; its result is the program's.
using Action = std::function<int()>;

/// SIGINT and SIGTERM raise it: commands end then, with what they have got so far.
dividere::Interrupt& ended();

/// Waits until ended() is raised, or the time is over; whether it is raised.
bool waitForEnd(std::chrono::milliseconds timeout = std::chrono::milliseconds::max());

/// Registers a port under a name, as long as the result lives; null without a name.
std::unique_ptr<dividere::registry::Announcement> announce(const Common& common, const std::string& name,
                                                           std::uint16_t port, const std::string& kind);

/// Adds a command to the app. When it is the one that is asked for, `run` becomes the action; its options have their values then.
CLI::App* addCommand(CLI::App& app, const std::string& name, const std::string& description, Action& action,
                     std::function<int()> run);

// Each in a source of its own, in commands/.
void addBench(CLI::App& app, const Common& common, Action& action);
void addCall(CLI::App& app, const Common& common, Action& action);
void addDaemons(CLI::App& app, const Common& common, Action& action);
void addDoctor(CLI::App& app, const Common& common, Action& action);
void addEcho(CLI::App& app, const Common& common, Action& action);
void addInfo(CLI::App& app, const Common& common, Action& action);
void addKeys(CLI::App& app, const Common& common, Action& action);
void addList(CLI::App& app, const Common& common, Action& action);
void addPub(CLI::App& app, const Common& common, Action& action);
void addRates(CLI::App& app, const Common& common, Action& action);
void addReply(CLI::App& app, const Common& common, Action& action);
void addServe(CLI::App& app, const Common& common, Action& action);
void addTop(CLI::App& app, const Common& common, Action& action);
void addSelfDescription(CLI::App& app, Action& action);  // completion and man

}  // namespace tool
