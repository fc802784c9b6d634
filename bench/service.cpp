// A call of a service by its name, against a Request to a Response: what looking it up, several instances and callers in any
// thread cost. Then what many threads get out of one client, against a Request for each of them.

#include <atomic>
#include <dividere.hpp>
#include <memory>
#include <thread>

#include "process.hpp"
#include "samples.hpp"

namespace bench {

using namespace dividere;
using namespace std::chrono_literals;

constexpr const char* kName = "bench.Echo";

/// The registry as well.
void serve(const Arguments&) {
  registry::ServerOptions anywhere;
  anywhere.port = 0;
  registry::Server registry(anywhere);
  service::ServiceOptions options;
  options.registries = {{"127.0.0.1", registry.port()}};
  options.advertise = "127.0.0.1";
  service::Service service(kName, options);
  service.on([](const Sample& sample, reactor::Sender& sender) { sender.send(sample); });
  service.start();
  tell(std::to_string(registry.port()));
  for (std::string text; heard(text);) {
  }
}

void respond(const Arguments&) {
  messaging::Response response("tcp://127.0.0.1:*");
  tell(response.endpoint());
  for (Sample sample;;) {
    response.recvInto(sample);
    response.send(sample);
  }
}

service::ClientOptions asking(const std::string& registryPort) {
  service::ClientOptions options;
  options.registries = {{"127.0.0.1", static_cast<std::uint16_t>(std::stoi(registryPort))}};
  return options;
}

/// What `count` threads do a second, each with something of its own to do it with.
template <class Make>
double rateOfThreads(int count, const Make& make) {
  std::atomic<double> total{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] {
      const auto once = make();
      once();
      const double mine = rateOf(once);
      for (double sum = total; !total.compare_exchange_weak(sum, sum + mine);) {
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return total;
}

void measureCall(service::Client& client, messaging::Request& request) {
  for (const std::size_t bytes : {64u, 64u << 10}) {
    const Sample sample = makeSample(bytes);
    Sample reply;
    const Times times = interleaveTimes(
        [&] {
          if (!client.callInto(sample, reply, 30s)) throw std::runtime_error("a call without an answer");
        },
        [&] {
          request.send(sample);
          request.recvInto(reply);
        });
    const std::string name = "service call " + sizeName(bytes);
    row(name + " p50", "us", times.at(0.5), atMost(1.1));
    row(name + " p99", "us", times.at(0.99));
  }
}

void measureThreads(service::Client& client, const std::string& endpoint) {
  const Sample sample = makeSample(64);
  for (const int threads : {1, 2, 4, 8}) {
    const auto turns = interleave(
        rounds(),
        [&] {
          return rateOfThreads(threads, [&] {
            return [&client, &sample, reply = std::make_shared<Sample>()] { client.callInto(sample, *reply, 30s); };
          });
        },
        [&] {
          return rateOfThreads(threads, [&] {
            return [&sample, request = std::make_shared<messaging::Request>(endpoint),
                    reply = std::make_shared<Sample>()] {
              request->send(sample);
              request->recvInto(*reply);
            };
          });
        });
    const std::string name = "service calls from " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
    row(name, "calls/s", compare(turns));
  }
}

void measure() {
  Child ours({"service"}), plain({"response"});
  service::Client client(kName, asking(ours.line()));
  const std::string endpoint = plain.line();
  messaging::Request request(endpoint);
  measureCall(client, request);
  measureThreads(client, endpoint);
}

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv, {{"service", bench::serve}, {"response", bench::respond}}, bench::measure);
}
