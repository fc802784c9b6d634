// 256 requests under way at a time through one Dealer, to a Response in another process, against DEALER and REP.

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

void respondBare(const Arguments&) {
  BareSocket socket(ZMQ_REP);
  tell(socket.bind("tcp://127.0.0.1:*"));
  for (Sample sample;;) {
    socket.receive(sample);
    socket.send(sample);
  }
}

Turns<double> measureOnce() {
  constexpr int kUnderWay = 256;
  Child ourPeer({"ours"});
  Child barePeer({"bare"});
  dividere::messaging::Dealer dealer(ourPeer.line());
  BareSocket bare(ZMQ_DEALER);
  bare.connect(barePeer.line());

  const Sample sample = makeSample(64);
  Sample reply;
  return interleave(
      rounds(),
      [&] {
        return windowed(
            kUnderWay, [&] { dealer.sendWithEmptyFrame(sample); }, [&] { dealer.recvInto(reply); });
      },
      [&] {
        return windowed(
            kUnderWay,
            [&] {
              bare.send("", ZMQ_SNDMORE);
              bare.send(sample);
            },
            [&] { bare.receive(reply); });
      });
}

void measure() {
  row("256 requests under way through one Dealer 64 B", "replies/s", compare(inActs(measureOnce)), atLeast(0.95));
}

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv, {{"ours", bench::respond}, {"bare", bench::respondBare}}, bench::measure);
}
