// From the moment a peer is made to its first message: no sleep stands in between.

#include <dividere.hpp>

#include "process.hpp"
#include "samples.hpp"

namespace bench {

using namespace dividere;

/// Milliseconds.
double firstPublished(const Sample& sample) {
  messaging::Publisher publisher("tcp://127.0.0.1:*");
  const auto start = Clock::now();
  messaging::Subscriber subscriber(publisher.endpoint(), messaging::types<Sample>());
  publisher.waitForSubscribers(1, std::chrono::seconds(30));
  publisher.send(sample);
  subscriber.recv();
  return secondsSince(start) * 1000;
}

double firstReply(const Sample& sample) {
  messaging::Response response("tcp://127.0.0.1:*");
  const auto start = Clock::now();
  messaging::Request request(response.endpoint());
  request.send(sample);
  response.send(*response.recv());
  request.recv();
  return secondsSince(start) * 1000;
}

void measureOf(const std::string& name, double (*once)(const Sample&)) {
  const Sample sample = makeSample(64);
  std::vector<double> times;
  once(sample);
  for (int i = 0; i < (quick ? 50 : 300); ++i) times.push_back(once(sample));
  row(name + " p50", "ms", median(times));
  row(name + " p99", "ms", percentile(times, 0.99));
}

void measure() {
  measureOf("first message: Subscriber made to message received", firstPublished);
  measureOf("first reply: Request made to reply received", firstReply);
}

}  // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv, {}, bench::measure); }
