// dividere reply DESTINATION TYPE JSON: replies to requests by hand.
//
// SPDX-License-Identifier: MIT

#include <iostream>
#include <memory>

#include "../command.hpp"
#include "../envelope.hpp"
#include "../feed.hpp"
#include "../types.hpp"

namespace tool {

namespace {

struct ReplyOptions {
  std::string destination, type, json;
  std::vector<std::string> protos;
  std::size_t count = 0;
};

void show(Types& types, const std::string& bytes) {
  const auto request = openEnvelope(bytes);
  if (!request) {
    std::cout << "(" << bytes.size() << " bytes that are no envelope)\n" << std::flush;
    return;
  }
  const auto decoded = types.decode(*request);
  std::cout << request->type << " "
            << (decoded ? toJson(*decoded) : "(" + std::to_string(request->payload.size()) + " bytes)") << "\n"
            << std::flush;
}

int reply(const Common& common, const ReplyOptions& options) {
  Types types(options.protos);
  const auto bytes = sealEnvelope(*types.fromJson(options.type, options.json));
  const bool isNamed = !isEndpoint(options.destination);
  dividere::connection::SocketOptions socket;
  socket.attach = dividere::connection::Attach::bind;
  dividere::connection::Response response(isNamed ? "tcp://*:*" : options.destination, socket);
  const auto announced = announce(common, isNamed ? options.destination : "", response.port(), "service");
  for (std::size_t i = 0; options.count == 0 || i < options.count; ++i) {
    const auto request = response.recv(std::chrono::milliseconds::max(), ended());
    if (!request) break;
    show(types, *request);
    response.send(bytes);
  }
  return kOk;
}

}  // namespace

void addReply(CLI::App& app, const Common& common, Action& action) {
  const auto options = std::make_shared<ReplyOptions>();
  auto* command = addCommand(app, "reply", "replies to each request with the same message, and shows the requests",
                             action, [&common, options] { return reply(common, *options); });
  command
      ->add_option("destination", options->destination, "the endpoint to bind, or a name to register a free port under")
      ->required();
  command->add_option("type", options->type, "the reply's type")->required();
  command->add_option("json", options->json, "what it says; - reads it from stdin")->required();
  command->add_option("-n,--count", options->count, "end after so many requests");
  command->add_option("--proto", options->protos, "a .proto file that says what the types are")->type_name("FILE");
}

}  // namespace tool
