// dividere call SERVICE [METHOD] JSON: calls a service by hand.
//
// SPDX-License-Identifier: MIT

#include <iostream>
#include <list>

#include "../command.hpp"
#include "../feed.hpp"
#include "../fields.hpp"
#include "../remote_call.hpp"
#include "../request_by_hand.hpp"
#include "../survey.hpp"
#include "../types.hpp"

namespace tool {

namespace {

struct CallOptions {
  std::string service;
  std::vector<std::string> words;  // [METHOD] JSON
  std::vector<std::string> protos;
  std::string type;
  bool all = false;
};

class Caller {
 public:
  Caller(const Common& common, const CallOptions& options)
      : common_(common), options_(options), types_(options.protos) {}

  int run() {
    const auto addresses = instances();
    const auto request = makeRequest(addresses.front(), endpointAt(addresses.front()));
    for (const auto& address : addresses) {
      calls_.emplace_back(endpointAt(address), address.key);
      calls_.back().send(*request.message, request.method, common_.timeout());
    }
    const auto until = std::chrono::steady_clock::now() + common_.timeout();
    return options_.all ? showEach(until) : showOne(until);
  }

 private:
  using Until = std::chrono::steady_clock::time_point;

  std::string endpointAt(const dividere::registry::ServiceAddress& address) const {
    return isEndpoint(options_.service) ? options_.service : endpointOf(address);
  }

  std::vector<dividere::registry::ServiceAddress> instances() const {
    if (isEndpoint(options_.service)) return {{}};
    auto found = lookUp(common_, options_.service);
    if (!options_.all) found.resize(1);
    return found;
  }

  /// What the first of them says of itself holds for all.
  TypedRequest makeRequest(const dividere::registry::ServiceAddress& first, const std::string& endpoint) {
    const std::string word = options_.words.size() > 1 ? options_.words.front() : "";
    const auto described =
        options_.protos.empty() ? describeQuietly(endpoint, common_.timeout(), first.kind, first.key) : std::nullopt;
    return requestByHand(types_, described, word, options_.type, options_.words.back());
  }

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
  command
      ->add_option("service", options->service, "its name, or an endpoint: of a service, a broker's front, a Response")
      ->required();
  command
      ->add_option("words", options->words,
                   "[METHOD] JSON: a method, or the request's type, and the request; - reads it from stdin")
      ->required()
      ->expected(1, 2)
      ->type_name("[METHOD] JSON");
  command->add_option("--type", options->type, "the request's type, where the method does not say it");
  command->add_option("--proto", options->protos, "a .proto file, for what a service cannot describe itself")
      ->type_name("FILE");
  command->add_flag("--all", options->all, "every instance");
}

}  // namespace tool
