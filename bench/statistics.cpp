// What it costs that everything counts what it does, as a part of what a message costs: below a hundredth. And how long a
// list of a registry's takes.

#include <dividere.hpp>

#include "dividere/core/detail/statistics_book.hpp"
#include "dividere/reactor/detail/handler_clock.hpp"
#include "measure.hpp"
#include "process.hpp"
#include "samples.hpp"

namespace bench {

using namespace dividere;

constexpr int kRuns = 1000;

/// Nanoseconds.
template <class Once>
double timeOf(const Once& once) {
  const double rate = rateOf([&] {
    for (int i = 0; i < kRuns; ++i) once();
  });
  return 1e9 / rate / kRuns;
}

/// A message that is published and received, in one thread: less is done for none.
double publication() {
  static messaging::Publisher publisher("inproc://bench-statistics");
  static messaging::Subscriber subscriber("inproc://bench-statistics", messaging::types<Sample>());
  static const bool isThere = publisher.waitForSubscribers(1, std::chrono::seconds(10));
  if (!isThere) throw std::runtime_error("no subscriber");
  static const Sample sample = makeSample(64);
  static Sample received;
  return timeOf([] {
    publisher.send(sample);
    subscriber.recvInto(received);
  });
}

/// What is counted for it, at both ends.
double counting() {
  static detail::Counter bytesOut, messagesOut, bytesIn, messagesIn;
  return timeOf([] {
    bytesOut.add(100), messagesOut.add(1);
    bytesIn.add(100), messagesIn.add(1);
    asm volatile("" ::: "memory");
  });
}

/// What is timed for a message that a quick handler has.
double timing() {
  static detail::HandlerClock clock;
  return timeOf([] { const detail::HandlerStopwatch stopwatch(clock); });
}

void measure() {
  const auto part = [](const std::string& name, const auto& cost) {
    row(name, "ns", compare(interleave(rounds(), cost, publication)), atMost(0.01));
  };
  part("statistics: counting of a publication of 64 B", counting);
  part("statistics: timing of a quick handler", timing);

  registry::ServerOptions options;
  options.port = 0;
  registry::Server server(options);
  registry::Client client("127.0.0.1", server.port());
  for (std::uint16_t i = 1; i <= 1000; ++i) client.registerService("bench." + std::to_string(i), i);
  const double rate = rateOf([&] {
    if (client.instances("bench.*").size() != 1000) throw std::runtime_error("not all are listed");
  });
  row("statistics: a registry's 1000 entries are listed in", "ms", 1000 / rate);
}

}  // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv, {}, bench::measure); }
