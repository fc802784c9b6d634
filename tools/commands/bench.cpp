// dividere bench SERVICE [METHOD] JSON: how long calls take, and how many there are in a second.
//
// SPDX-License-Identifier: MIT

#include <algorithm>
#include <thread>

#include "../called.hpp"
#include "../command.hpp"
#include "../printer.hpp"
#include "../remote_call.hpp"
#include "output.pb.h"

namespace tool {

namespace {

struct BenchOptions {
  CallWords typed;
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
      : common_(common), options_(options), types_(options.typed.protos) {}

  int run() {
    instance_ = instancesOf(common_, options_.typed.service).front();
    const auto request = requestTo(common_, instance_, options_.typed, types_);

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
    RemoteCall remote(instance_.endpoint, instance_.key);
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
  Instance instance_;
};

}  // namespace

void addBench(CLI::App& app, const Common& common, Action& action) {
  const auto options = std::make_shared<BenchOptions>();
  auto* command = addCommand(app, "bench", "how long calls take, one after the other from each thread", action,
                             [&common, options] { return Bench(common, *options).run(); });
  addCallWords(*command, options->typed);
  command->add_option("-n,--count", options->count, "calls in all")->capture_default_str()->check(CLI::PositiveNumber);
  command->add_option("--threads", options->threads, "threads that call")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
}

}  // namespace tool
