// dividere, the program: looks into a system of dividere processes, from the command line.
//
// SPDX-License-Identifier: MIT

#include <csignal>
#include <iostream>

#include "command.hpp"

namespace {

using namespace tool;

void endOnSignals() {
  ended();  // made before a signal can come
  for (const int signal : {SIGINT, SIGTERM}) std::signal(signal, [](int) { ended().raise(); });
  std::signal(SIGPIPE, SIG_DFL);
}

void addCommonOptions(CLI::App& app, Common& common) {
  app.add_option("--registry", common.registryTexts,
                 "HOST[:PORT] of a registry (default localhost:5000); may be repeated")
      ->type_name("HOST");
  app.add_option("--timeout", common.timeoutSeconds, "how long to wait, in seconds")
      ->type_name("SECONDS")
      ->take_last()
      ->capture_default_str();
  app.add_flag("--json", common.json, "print one JSON object a line");
}

void addCommands(CLI::App& app, const Common& common, Action& action) {
  addList(app, common, action);
  addInfo(app, common, action);
  addEcho(app, common, action);
  addRates(app, common, action);
  addPub(app, common, action);
  addCall(app, common, action);
  addReply(app, common, action);
  addTop(app, common, action);
  addServe(app, common, action);
  addBench(app, common, action);
  addDaemons(app, common, action);
  addDoctor(app, common, action);
  addKeys(app, common, action);
  addSelfDescription(app, action);
}

int say(const char* what, int exit) {
  std::cerr << "dividere: " << what << "\n";
  return exit;
}

int run(const Action& action) {
  try {
    const int result = action();
    std::cout.flush();
    return std::cout ? result : say("cannot write the result", kFailed);
  } catch (const UsageError& error) {
    return say(error.what(), kUsage);
  } catch (const TimedOut& error) {
    return say(error.what(), kTimedOut);
  } catch (const dividere::Error& error) {
    return say(error.what(), error.code() == dividere::Errc::deadlinePassed ? kTimedOut : kFailed);
  } catch (const std::exception& error) {
    return say(error.what(), kFailed);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Looks into a system of dividere processes. DIVIDERE_KEYS=FOLDER uses the keys of that folder.",
               "dividere");
  app.set_version_flag("--version", std::string("dividere ") + dividere::kVersion);
  app.require_subcommand(1);
  app.fallthrough();
  Common common;
  Action action;
  addCommonOptions(app, common);
  addCommands(app, common, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  endOnSignals();
  return run(action);
}
