// A typed request and its reply between two processes, against REQ and REP.

#include <dividere.hpp>

#include "bare.hpp"
#include "process.hpp"
#include "samples.hpp"

namespace bench {

// Both reply with what they were sent.

void respond(const Arguments& arguments) {
  dividere::connection::SocketOptions options;
  options.attach = dividere::connection::Attach::bind;
  dividere::messaging::Response response(arguments.at(0), options);
  tell(response.endpoint());
  for (Sample sample;;) {
    response.recvInto(sample);
    response.send(sample);
  }
}

void respondBare(const Arguments& arguments) {
  BareSocket socket(ZMQ_REP);
  tell(socket.bind(arguments.at(0)));
  for (Sample sample;;) {
    socket.receive(sample);
    socket.send(sample);
  }
}

/// An address that leaves no file behind.
std::string endpointFor(const std::string& transport, const std::string& side) {
  if (transport == "tcp") return "tcp://127.0.0.1:*";
  return "ipc://@dividere-bench-" + std::to_string(::getpid()) + "-" + side;
}

Times measureOnce(const std::string& transport, const Sample& sample) {
  Child ourPeer({"ours", endpointFor(transport, "ours")});
  Child barePeer({"bare", endpointFor(transport, "bare")});
  dividere::messaging::Request request(ourPeer.line());
  BareSocket bare(ZMQ_REQ);
  bare.connect(barePeer.line());
  Sample reply;
  return interleaveTimes(
      [&] {
        request.send(sample);
        request.recvInto(reply);
      },
      [&] {
        bare.send(sample);
        bare.receive(reply);
      });
}

void measureOver(const std::string& transport) {
  for (const std::size_t bytes : {64u, 1u << 10, 64u << 10}) {
    const Sample sample = makeSample(bytes);
    const Times times = inActs([&] { return measureOnce(transport, sample); });
    const auto name = [&](const char* which) {
      return "round trip " + sizeName(bytes) + " " + transport + " " + which;
    };
    row(name("p50"), "us", times.at(0.5), atMost(1.05));
    row(name("p99"), "us", times.at(0.99));
  }
}

void measure() {
  measureOver("tcp");
  measureOver("ipc");
}

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv, {{"ours", bench::respond}, {"bare", bench::respondBare}}, bench::measure);
}
