// Writing a message with its envelope into a ZeroMQ frame, and reading it out of one, against protobuf alone.

#include <benchmark/benchmark.h>
#include <dividere.hpp>

#include <map>
#include <string>
#include <vector>

#include "dividere/messaging/wire.hpp"
#include "measure.hpp"
#include "samples.hpp"

namespace bench {

using dividere::detail::Frame;
using google::protobuf::Message;

template <class T>
void encodeOurs(benchmark::State& state, const T& message) {
  for (auto _ : state) {
    Frame frame = dividere::detail::encodeFrame("bench", message);
    benchmark::DoNotOptimize(frame.data());
  }
}

template <class T>
void encodeBare(benchmark::State& state, const T& message) {
  for (auto _ : state) {
    zmq_msg_t frame;
    zmq_msg_init_size(&frame, message.ByteSizeLong());
    message.SerializeToArray(zmq_msg_data(&frame), static_cast<int>(zmq_msg_size(&frame)));
    benchmark::DoNotOptimize(zmq_msg_data(&frame));
    zmq_msg_close(&frame);
  }
}

template <class T>
void decodeOurs(benchmark::State& state, const T& message) {
  const Frame frame = dividere::detail::encodeFrame("bench", message);
  T reused;
  for (auto _ : state) {
    dividere::detail::decodeEnvelopeInto("bench", frame.view(), reused);
    benchmark::DoNotOptimize(reused);
  }
}

template <class T>
void decodeBare(benchmark::State& state, const T& message) {
  const std::string bytes = message.SerializeAsString();
  const Frame frame{std::string_view(bytes)};
  T reused;
  for (auto _ : state) {
    if (!reused.ParseFromArray(frame.view().data(), static_cast<int>(frame.size()))) std::abort();
    benchmark::DoNotOptimize(reused);
  }
}

/// Keeps the time of each repetition, by name: the processor's, as no one else is waited for.
class Collector : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.run_type == Run::RT_Iteration) times_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
    }
  }
  const std::vector<double>& times(const std::string& name) const { return times_.at(name); }

 private:
  std::map<std::string, std::vector<double>> times_;
};

struct Work {
  std::string name;
  Reach reach;
};
std::vector<Work> works;

template <class T>
void add(const std::string& kind, const T& message, double encode, double decode) {
  const auto both = [&](const std::string& name, Reach reach, auto* ours, auto* bare) {
    works.push_back({name, reach});
    benchmark::RegisterBenchmark((name + "|ours").c_str(), ours, message);
    benchmark::RegisterBenchmark((name + "|bare").c_str(), bare, message);
  };
  both("encode " + kind, atMost(encode), &encodeOurs<T>, &encodeBare<T>);
  both("decode " + kind, atMost(decode), &decodeOurs<T>, &decodeBare<T>);
}

int measure(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) quick = quick || std::string(argv[i]) == "--quick";
  add("64 B", makeSample(64), 1.15, 1.25);
  add("64 KiB", makeSample(64 << 10), 1.02, 1.02);
  add("64 B of bytes alone", makeBlob(64), 1.15, 1.25);

  const std::string repetitions = "--benchmark_repetitions=" + std::to_string(rounds());
  const std::string time = std::string("--benchmark_min_time=") + (quick ? "0.01" : "0.02");
  std::vector<std::string> flags{argv[0], repetitions, time, "--benchmark_enable_random_interleaving=true"};
  std::vector<char*> raw;
  for (std::string& flag : flags) raw.push_back(flag.data());
  int count = static_cast<int>(raw.size());
  benchmark::Initialize(&count, raw.data());
  Collector collector;
  benchmark::RunSpecifiedBenchmarks(&collector);
  for (const Work& work : works) {
    // Their order within a repetition is random, so neighbours mean nothing: the ratio of the medians it is.
    const double ours = median(collector.times(work.name + "|ours"));
    const double bare = median(collector.times(work.name + "|bare"));
    row(work.name, "ns", {ours, bare, ours / bare}, work.reach);
  }
  return 0;
}

}  // namespace bench

int main(int argc, char** argv) { return bench::measure(argc, argv); }
