// dividere call SERVICE [METHOD] JSON: calls a service by hand.
//
// SPDX-License-Identifier: MIT

#include <iostream>
#include <list>

#include "../called.hpp"
#include "../command.hpp"
#include "../fields.hpp"
#include "../remote_call.hpp"
#include "../types.hpp"

namespace tool {

namespace {

struct CallOptions {
  CallWords typed;
  bool all = false;
};

class Caller {
 public:
  Caller(const Common& common, const CallOptions& options)
      : common_(common), options_(options), types_(options.typed.protos) {}

  int run() {
    auto instances = instancesOf(common_, options_.typed.service);
    if (!options_.all) instances.resize(1);
    // What the first of them says of itself holds for all.
    const auto request = requestTo(common_, instances.front(), options_.typed, types_);
    for (const auto& instance : instances) {
      calls_.emplace_back(instance.endpoint, instance.key);
      calls_.back().send(*request.message, request.method, common_.timeout());
    }
    const auto until = std::chrono::steady_clock::now() + common_.timeout();
    return options_.all ? showEach(until) : showOne(until);
  }

 private:
  using Until = std::chrono::steady_clock::time_point;

  void show(const Envelope& reply, const std::string& endpoint) {
    const auto decoded = types_.decode(reply);
    const auto shown = decoded ? toJson(*decoded) : "{}";
    if (!decoded)
      std::cerr << "dividere: nobody has said what a " << reply.type << " is: --proto FILE reads it from there\n";
    if (common_.json) {
      std::cout << "{\"endpoint\":" << quoted(endpoint) << ",\"type\":" << quoted(reply.type)
                << (reply.isPart ? ",\"part\":true" : "") << ",\"message\":" << shown << "}\n";
    } else {
      std::cout << (options_.all ? endpoint + " " : "") << shown << "\n";
    }
    std::cout << std::flush;
  }

  int showOne(Until until) {
    auto& call = calls_.front();
    const auto reply = call.reply(until, [&](const Envelope& part) { show(part, call.endpoint()); });
    if (!reply) return kFailed;
    show(*reply, call.endpoint());
    return kOk;
  }

  /// One that fails does not hide the others.
  int showEach(Until until) {
    int result = kOk;
    for (auto& call : calls_) {
      try {
        const auto reply = call.reply(until, [&](const Envelope& part) { show(part, call.endpoint()); });
        if (!reply) return kFailed;
        show(*reply, call.endpoint());
      } catch (const TimedOut& error) {
        std::cerr << "dividere: " << error.what() << "\n";
        result = kTimedOut;
      } catch (const dividere::Error& error) {
        std::cerr << "dividere: " << error.what() << "\n";
        result = kFailed;
      }
    }
    return result;
  }

  const Common& common_;
  const CallOptions& options_;
  Types types_;
  std::list<RemoteCall> calls_;
};

}  // namespace

void addCall(CLI::App& app, const Common& common, Action& action) {
  const auto options = std::make_shared<CallOptions>();
  auto* command = addCommand(app, "call", "calls a service by hand", action,
                             [&common, options] { return Caller(common, *options).run(); });
  addCallWords(*command, options->typed);
  command->add_flag("--all", options->all, "every instance");
}

}  // namespace tool
