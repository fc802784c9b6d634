// dividere echo SOURCE [TYPE...]: shows what is published.
//
// SPDX-License-Identifier: MIT

#include <google/protobuf/text_format.h>

#include <iostream>
#include <set>

#include "../command.hpp"
#include "../feed.hpp"
#include "../fields.hpp"
#include "../survey.hpp"
#include "../types.hpp"

namespace tool {

namespace {

constexpr std::chrono::seconds kDescribed{2};  // Python publishers do not reply at all
constexpr std::size_t kMostAsked = 1000;

struct EchoOptions {
  std::string source;
  std::vector<std::string> types, protos;
  std::string topic, field;
  std::size_t count = 0;
  bool asText = false, asRaw = false;
};

/// Writes a message's name and topic in front of what it says, but not where another program reads that.
class Echo {
 public:
  Echo(const Common& common, const EchoOptions& options) : common_(common), options_(options), types_(options.protos) {}

  int run() {
    Feed feed(common_, options_.source, options_.types, topicOf(options_.topic));
    std::size_t shown = 0;
    while (options_.count == 0 || shown < options_.count) {
      const auto item = feed.next(waitsFor());
      if (!item) break;
      learn(*item);
      show(item->message);
      ++shown;
    }
    if (feed.strange() > 0) std::cerr << "dividere: " << feed.strange() << " messages were no envelopes\n";
    if (options_.count != 0 && shown < options_.count && !ended().isRaised()) {
      throw TimedOut(std::to_string(shown) + " of " + std::to_string(options_.count) + " messages came in time");
    }
    return kOk;
  }

 private:
  /// Without a number of messages it goes on until it is ended.
  std::chrono::milliseconds waitsFor() const {
    return options_.count == 0 ? std::chrono::milliseconds::max() : common_.timeout();
  }

  /// Asks a publisher about what it has sent, once for each type: it knows its types as soon as it has sent them.
  void learn(const Feed::Item& item) {
    if (options_.asRaw || types_.find(item.message.type)) return;
    if (asked_.size() >= kMostAsked || !asked_.insert(item.endpoint + " " + item.message.type).second) return;
    if (const auto about = describeQuietly(item.endpoint, kDescribed, "publisher", item.key))
      types_.add(about->descriptors);
  }

  void show(const Envelope& message) {
    if (options_.asRaw) {
      std::cout << message.payload << std::flush;
      return;
    }
    const auto decoded = types_.decode(message);
    std::cout << (options_.field.empty() ? whole(message, decoded.get()) : fieldOf(message, decoded.get())) << "\n"
              << std::flush;
  }

  std::string fieldOf(const Envelope& message, const google::protobuf::Message* decoded) const {
    if (!decoded) throw UsageError("nobody has said what a " + message.type + " is: --proto FILE reads it from there");
    return shownField(*decoded, options_.field);
  }

  std::string whole(const Envelope& message, const google::protobuf::Message* decoded) const {
    if (common_.json) return jsonOf(message, decoded);
    std::string text = message.type;
    if (!message.topic.empty()) text += " " + shownTopic(message.topic);
    if (!decoded)
      return text + " (" + std::to_string(message.payload.size()) + " bytes; --proto FILE says what they are)";
    if (!options_.asText) return text + " " + toJson(*decoded);
    std::string fields;
    if (!google::protobuf::TextFormat::PrintToString(*decoded, &fields)) fields = "(cannot be shown as text)";
    return text + "\n" + fields;
  }

  std::string jsonOf(const Envelope& message, const google::protobuf::Message* decoded) const {
    std::string json = "{\"type\":" + quoted(message.type);
    if (!message.topic.empty()) json += ",\"topic\":" + quoted(shownTopic(message.topic));
    if (message.number != 0) json += ",\"number\":" + std::to_string(message.number);
    json += decoded ? ",\"message\":" + toJson(*decoded) : ",\"bytes\":" + std::to_string(message.payload.size());
    return json + "}";
  }

  const Common& common_;
  const EchoOptions& options_;
  Types types_;
  std::set<std::string> asked_;  // endpoint and type
};

}  // namespace

void addEcho(CLI::App& app, const Common& common, Action& action) {
  const auto options = std::make_shared<EchoOptions>();
  auto* command = addCommand(app, "echo", "shows what is published, also of types it was not compiled with", action,
                             [&common, options] { return Echo(common, *options).run(); });
  command->add_option("source", options->source, "an endpoint, or the name that publishers are announced under")
      ->required();
  command->add_option("type", options->types, "these types only");
  command->add_option("-n,--count", options->count,
                      "end after so many messages, or when one does not come within --timeout");
  command->add_option("--topic", options->topic, "this topic and those below it, as plant/line3");
  auto* field = command->add_option("--field", options->field, "this field only, as position.x");
  auto* text = command->add_flag("--text", options->asText, "as protobuf's text format");
  auto* raw = command->add_flag("--raw", options->asRaw, "the serialized messages, one after the other");
  field->excludes(text)->excludes(raw);
  text->excludes(raw);
  command->add_option("--proto", options->protos, "a .proto file, for what a peer cannot describe itself")
      ->type_name("FILE");
}

}  // namespace tool
