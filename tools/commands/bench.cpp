// dividere bench SERVICE [METHOD] JSON: how long calls take, and how many there are in a second.
//
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <thread>

#include "../command.hpp"
#include "../feed.hpp"
#include "../printer.hpp"
#include "../remote_call.hpp"
#include "../request_by_hand.hpp"
#include "../survey.hpp"
#include "output.pb.h"

namespace tool {

namespace {

struct BenchOptions {
  std::string service;
  std::vector<std::string> words;
  std::vector<std::string> protos;
  std::string type;
  std::size_t count = 10000;
  unsigned threads = 1;
};

struct Figures {
  std::vector<double> us;  // of each call that was replied to
  std::size_t failed = 0;
};

class Bench {
 public:
  Bench(const Common& common, const BenchOptions& options)
      : common_(common), options_(options), types_(options.protos) {}

  int run() {
    if (!isEndpoint(options_.service)) address_ = lookUp(common_, options_.service).front();
    endpoint_ = isEndpoint(options_.service) ? options_.service : endpointOf(address_);
    const auto described = options_.protos.empty()
                               ? describeQuietly(endpoint_, common_.timeout(), address_.kind, address_.key)
                               : std::nullopt;
    const std::string word = options_.words.size() > 1 ? options_.words.front() : "";
    const auto request = requestByHand(types_, described, word, options_.type, options_.words.back());

    const auto began = Clock::now();
    const auto figures = callFromAll(request);
    print(figures, std::chrono::duration<double>(Clock::now() - began).count());
    return figures.us.empty() ? kFailed : kOk;
  }

 private:
  using Clock = std::chrono::steady_clock;

  Figures callFromAll(const TypedRequest& request) {
    std::vector<Figures> each(options_.threads);
    std::vector<std::thread> threads;
    threads.reserve(options_.threads);
    for (unsigned i = 0; i < options_.threads; ++i) {
      const auto share = options_.count / options_.threads + (i < options_.count % options_.threads ? 1 : 0);
      threads.emplace_back([&, i, share] { each[i] = callAgainAndAgain(request, share); });
    }
    for (auto& thread : threads) thread.join();
    Figures all;
    for (const auto& some : each) {
      all.us.insert(all.us.end(), some.us.begin(), some.us.end());
      all.failed += some.failed;
    }
    std::sort(all.us.begin(), all.us.end());
    return all;
  }

  Figures callAgainAndAgain(const TypedRequest& request, std::size_t count) {
    Figures figures;
    figures.us.reserve(count);
    RemoteCall remote(endpoint_, address_.key);
    for (std::size_t i = 0; i < count && !ended().isRaised(); ++i) {
      const auto sent = Clock::now();
      try {
        remote.send(*request.message, request.method, common_.timeout());
        if (!remote.reply(sent + common_.timeout(), [](const Envelope&) {})) break;
        figures.us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - sent).count());
      } catch (const std::runtime_error&) {
        ++figures.failed;
      }
    }
    return figures;
  }

  void print(const Figures& figures, double seconds) {
    dividere::tool::Bench bench;
    bench.set_calls(static_cast<double>(figures.us.size()));
    bench.set_failed(static_cast<double>(figures.failed));
    bench.set_seconds(seconds);
    if (!figures.us.empty()) {
      bench.set_calls_per_s(bench.calls() / seconds);
      bench.set_p50_us(figures.us[figures.us.size() / 2]);
      bench.set_p99_us(figures.us[figures.us.size() * 99 / 100]);
      bench.set_max_us(figures.us.back());
    }
    Printer printer(common_.json);
    printer.print(bench);
    printer.finish();
  }

  const Common& common_;
  const BenchOptions& options_;
  Types types_;
  dividere::registry::ServiceAddress address_;
  std::string endpoint_;
};

}  // namespace

void addBench(CLI::App& app, const Common& common, Action& action) {
  const auto options = std::make_shared<BenchOptions>();
  auto* command = addCommand(app, "bench", "how long calls take, one after the other from each thread", action,
                             [&common, options] { return Bench(common, *options).run(); });
  command->add_option("service", options->service, "its name, or an endpoint")->required();
  command->add_option("words", options->words, "[METHOD] JSON, as of call")
      ->required()
      ->expected(1, 2)
      ->type_name("[METHOD] JSON");
  command->add_option("--type", options->type, "the request's type, where the method does not say it");
  command->add_option("--proto", options->protos, "a .proto file, for what a service cannot describe itself")
      ->type_name("FILE");
  command->add_option("-n,--count", options->count, "calls in all")->capture_default_str()->check(CLI::PositiveNumber);
  command->add_option("--threads", options->threads, "threads that call")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
}

}  // namespace tool
