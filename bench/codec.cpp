// Writing a message with its envelope into a ZeroMQ frame, and reading it out of one, against protobuf alone.

#include <benchmark/benchmark.h>
#include <dividere.hpp>

#include <deque>
#include <string>
#include <vector>

#include "dividere/messaging/detail/codec.hpp"
#include "measure.hpp"
#include "samples.hpp"

namespace bench {

using dividere::detail::Frame;
using google::protobuf::Message;

/// Both in turn, some fifty microseconds each: the times of one call, in nanoseconds.
template <class Ours, class Bare>
void inTurn(benchmark::State& state, int calls, const Ours& ours, const Bare& bare, Turns<double>& times) {
  const auto timeOf = [&](const auto& call) {
    const auto start = Clock::now();
    for (int i = 0; i < calls; ++i) call();
    return secondsSince(start) * 1e9 / calls;
  };
  for (auto _ : state) {
    times.ours.push_back(timeOf(ours));
    times.bare.push_back(timeOf(bare));
  }
}

template <class T>
void encode(benchmark::State& state, const T& message, int calls, Turns<double>& times) {
  inTurn(
      state, calls,
      [&] {
        Frame frame = dividere::detail::encodeFrame("bench", message);
        benchmark::DoNotOptimize(frame.data());
      },
      [&] {
        zmq_msg_t frame;
        zmq_msg_init_size(&frame, message.ByteSizeLong());
        static_cast<void>(message.SerializeToArray(zmq_msg_data(&frame), static_cast<int>(zmq_msg_size(&frame))));
        benchmark::DoNotOptimize(zmq_msg_data(&frame));
        zmq_msg_close(&frame);
      },
      times);
}

template <class T>
void decode(benchmark::State& state, const T& message, int calls, Turns<double>& times) {
  const Frame enveloped = dividere::detail::encodeFrame("bench", message);
  const std::string bytes = message.SerializeAsString();
  const Frame plain{std::string_view(bytes)};
  T reused;
  inTurn(
      state, calls,
      [&] {
        dividere::detail::decodeEnvelopeInto("bench", enveloped.view(), reused);
        benchmark::DoNotOptimize(reused);
      },
      [&] {
        const std::string_view view = plain.view();
        if (!reused.ParseFromArray(view.data(), static_cast<int>(view.size()))) std::abort();
        benchmark::DoNotOptimize(reused);
      },
      times);
}

struct Work {
  std::string name;
  Reach reach;
  Turns<double> times;
};
std::deque<Work> works;  // those in it stay where they are

template <class T>
void add(const std::string& kind, const T& message, int calls, double encodeLimit, double decodeLimit) {
  const auto measured = [&](const std::string& verb, double limit, auto* benchmarked) {
    works.push_back({verb + " " + kind, atMost(limit), {}});
    Work& work = works.back();
    benchmark::RegisterBenchmark(
        work.name.c_str(), [=, &work](benchmark::State& state) { benchmarked(state, message, calls, work.times); });
  };
  measured("encode", encodeLimit, &encode<T>);
  measured("decode", decodeLimit, &decode<T>);
}

/// The table is what is printed.
class Silent : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

int measure(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) quick = quick || std::string(argv[i]) == "--quick";
  add("64 B", makeSample(64), 250, 1.15, 1.25);
  add("64 KiB", makeSample(64 << 10), 20, 1.02, 1.02);
  add("64 B of bytes alone", makeBlob(64), 400, 1.15, 1.25);

  std::string time = std::string("--benchmark_min_time=") + (quick ? "0.1" : "1");
  char* flags[] = {argv[0], time.data()};
  int count = 2;
  benchmark::Initialize(&count, flags);
  Silent silent;
  benchmark::RunSpecifiedBenchmarks(&silent);
  for (const Work& work : works) row(work.name, "ns", compare(work.times), work.reach);
  return 0;
}

}  // namespace bench

int main(int argc, char** argv) { return bench::measure(argc, argv); }
