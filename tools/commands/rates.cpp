// dividere hz, bw, delay, loss: how fast, how much, how late and how completely messages come.
//
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <chrono>
#include <iostream>

#include "../command.hpp"
#include "../feed.hpp"
#include "../printer.hpp"
#include "../series.hpp"

namespace tool {

namespace {

struct RateOptions {
  std::string source;
  std::vector<std::string> types;
  std::string topic;
  double every = 1;
  std::size_t reports = 0;
};

/// The figures that one command is about; with --json all of them are printed.
using Shown = std::vector<std::string>;

std::string line(const dividere::tool::Rate& rate, const Shown& shown) {
  std::string text = rate.type() + (rate.topic().empty() ? "" : " " + rate.topic());
  if (!rate.publisher().empty()) text += " [" + rate.publisher() + "]";
  for (const auto& name : shown) {
    const auto* field = rate.GetDescriptor()->FindFieldByName(name);
    char number[48];
    std::snprintf(number, sizeof number, "  %s %.4g", name.c_str(), rate.GetReflection()->GetDouble(rate, field));
    text += number;
  }
  return text;
}

class Watcher {
 public:
  Watcher(const Common& common, const RateOptions& options, const Shown& shown)
      : common_(common), options_(options), shown_(shown) {
    if (!(options.every > 0) || options.every > 86400) throw UsageError("--every must be seconds, more than 0");
  }

  int run() {
    const bool looksHowOld = std::count(shown_.begin(), shown_.end(), "delay_ms") > 0;
    Feed feed(common_, options_.source, options_.types, topicOf(options_.topic), looksHowOld);
    for (std::size_t i = 0; options_.reports == 0 || i < options_.reports; ++i) {
      gather(feed);
      report();
      if (ended().isRaised()) break;
    }
    return sawAny_ ? kOk : kFailed;
  }

 private:
  using Clock = std::chrono::steady_clock;

  void gather(Feed& feed) {
    began_ = Clock::now();
    const auto until =
        began_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.every));
    for (auto now = began_; now < until && !ended().isRaised(); now = Clock::now()) {
      if (const auto item = feed.next(std::chrono::ceil<std::chrono::milliseconds>(until - now))) series_.add(*item);
    }
  }

  void report() {
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    series_.report(seconds, [&](const dividere::tool::Rate& rate) {
      sawAny_ = true;
      std::cout << (common_.json ? asJson(rate) : line(rate, shown_)) << "\n" << std::flush;
    });
  }

  const Common& common_;
  const RateOptions& options_;
  const Shown& shown_;
  Series series_;
  Clock::time_point began_;
  bool sawAny_ = false;
};

void addRate(CLI::App& app, const Common& common, Action& action, const std::string& name,
             const std::string& description, const Shown& shown) {
  const auto options = std::make_shared<RateOptions>();
  auto* command = addCommand(app, name, description, action,
                             [&common, options, shown] { return Watcher(common, *options, shown).run(); });
  command->add_option("source", options->source, "an endpoint, or the name that publishers are announced under")
      ->required();
  command->add_option("type", options->types, "these types only");
  command->add_option("--topic", options->topic, "this topic and those below it, as plant/line3");
  command->add_option("--every", options->every, "seconds between reports")->capture_default_str();
  command->add_option("-n,--count", options->reports, "end after so many reports");
}

}  // namespace

void addRates(CLI::App& app, const Common& common, Action& action) {
  addRate(app, common, action, "hz", "messages a second, of each type and topic", {"messages", "hz"});
  addRate(app, common, action, "bw", "bytes a second, envelopes included", {"messages", "bytes_per_s"});
  addRate(app, common, action, "delay",
          "how old messages are when they come; publishers say when they have sent them while it runs",
          {"messages", "delay_ms", "delay_max_ms"});
  addRate(app, common, action, "loss", "what was sent and did not come here", {"messages", "missed", "missed_percent"});
}

}  // namespace tool
