// A reactor with ever more sockets of which one is busy, against a plain Response of this library: what dispatching costs,
// and that idle sockets cost nothing.

#include <dividere.hpp>

#include "bare.hpp"
#include "process.hpp"
#include "samples.hpp"

namespace bench {

void respond(const Arguments&) {
  dividere::messaging::Response response("tcp://127.0.0.1:*");
  tell(response.endpoint());
  for (Sample sample;;) {
    response.recvInto(sample);
    response.send(sample);
  }
}

void react(const Arguments& arguments) {
  dividere::reactor::MtMsgReactor reactor;
  for (int left = std::stoi(arguments.at(0)); left > 0; --left) {
    dividere::messaging::Response response("tcp://127.0.0.1:*");
    if (left == 1) tell(response.endpoint());
    reactor.add(std::move(response));
  }
  reactor.on([](const Sample& sample, dividere::reactor::Sender& sender) { sender.send(sample); });
  reactor.start();
  for (std::string text; heard(text);) {
  }
}

/// Asks a peer, with as little as possible of its own: what is measured is the peer.
class Asker {
 public:
  explicit Asker(Arguments roleAndArguments)
      : peer_(std::move(roleAndArguments)),
        socket_(ZMQ_DEALER),
        request_(dividere::messaging::ProtoBuffEncoder().encode(makeSample(64))) {
    socket_.connect(peer_.line());
  }

  void send() {
    socket_.send("", ZMQ_SNDMORE);
    socket_.send(request_);
  }
  void receive() { socket_.receive(); }

  void ask() {
    send();
    receive();
  }
  double rate() {
    return windowed(
        64, [this] { send(); }, [this] { receive(); });
  }

 private:
  Child peer_;
  BareSocket socket_;
  std::string request_;
};

void measure() {
  for (const int sockets : {1, 10, 100, 1000}) {
    Times times;
    const auto turns = inActs([&] {
      Asker ours({"reactor", std::to_string(sockets)});
      Asker plain({"response"});
      times.append(interleaveTimes([&] { ours.ask(); }, [&] { plain.ask(); }));
      return interleave(
          rounds(), [&] { return ours.rate(); }, [&] { return plain.rate(); });
    });
    const std::string name =
        "reactor over " + std::to_string(sockets) + (sockets == 1 ? " socket" : " sockets with one busy");
    row(name + "; 64 requests under way", "replies/s", compare(turns), atLeast(0.95));
    row(name + "; a single request p50", "us", times.at(0.5), atMost(1.05));
  }
}

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv, {{"reactor", bench::react}, {"response", bench::respond}}, bench::measure);
}
