// dividere pub DESTINATION TYPE JSON: publishes by hand.
//
// SPDX-License-Identifier: MIT

#include <chrono>
#include <memory>

#include "../command.hpp"
#include "../envelope.hpp"
#include "../feed.hpp"
#include "../types.hpp"

namespace tool {

namespace {

struct PubOptions {
  std::string destination, type, json;
  std::vector<std::string> protos;
  std::string topic;
  double rate = 1;
  std::size_t count = 1, subscribers = 1;
};

/// The endpoint to bind. A name's publisher takes a free port.
std::string endpointFor(const std::string& destination) { return isEndpoint(destination) ? destination : "tcp://*:*"; }

bool pause(std::chrono::steady_clock::time_point until) {
  return !waitForEnd(std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()));
}

int publish(const Common& common, const PubOptions& options) {
  if (!(options.rate > 0)) throw UsageError("--rate must be positive");
  Types types(options.protos);
  const auto message = types.fromJson(options.type, options.json);
  dividere::messaging::Publisher publisher(endpointFor(options.destination));
  const auto announced =
      announce(common, isEndpoint(options.destination) ? "" : options.destination, publisher.port(), "publisher");
  if (!publisher.waitForSubscribers(options.subscribers, common.timeout(), ended())) {
    if (ended().isRaised()) return kOk;
    throw TimedOut(std::to_string(publisher.subscribers()) + " of " + std::to_string(options.subscribers) +
                   " subscribers came to " + publisher.endpoint() + " in time");
  }
  const auto topic = topicOf(options.topic);
  const std::chrono::duration<double> period(1 / options.rate);
  auto next = std::chrono::steady_clock::now();
  for (std::size_t sent = 0; options.count == 0 || sent < options.count; ++sent) {
    if (sent > 0 && !pause(next)) break;
    publisher.send(*message, topic);
    next += std::chrono::duration_cast<std::chrono::steady_clock::duration>(period);
  }
  return kOk;
}

}  // namespace

void addPub(CLI::App& app, const Common& common, Action& action) {
  const auto options = std::make_shared<PubOptions>();
  auto* command =
      addCommand(app, "pub", "publishes by hand", action, [&common, options] { return publish(common, *options); });
  command
      ->add_option("destination", options->destination, "the endpoint to bind, or a name to announce a free port under")
      ->required();
  command->add_option("type", options->type, "the message's type")->required();
  command->add_option("json", options->json, "what it says; - reads it from stdin")->required();
  command->add_option("--topic", options->topic, "about this topic, as plant/line3");
  command->add_option("-r,--rate", options->rate, "messages a second")->capture_default_str();
  command->add_option("-n,--count", options->count, "so many messages; 0: until it is ended")->capture_default_str();
  command->add_option("-w,--wait", options->subscribers, "wait for so many subscribers first")->capture_default_str();
  command->add_option("--proto", options->protos, "a .proto file that says what the type is")->type_name("FILE");
}

}  // namespace tool
