// Sockets with keys, against libzmq's own CURVE: a round trip, and 256 requests under way at a time. What encryption costs, both
// pay; the ratio shows what else it costs here.

#include <dividere.hpp>

#include "bare.hpp"
#include "process.hpp"
#include "samples.hpp"

namespace bench {

struct CurvePair {
  std::string publicKey, secretKey;

  static CurvePair make() {
    char publicKey[41], secretKey[41];
    zmq_curve_keypair(publicKey, secretKey);
    return {publicKey, secretKey};
  }
};

/// Both programs have one pair.
class OneKey final : public dividere::Keys {
 public:
  explicit OneKey(CurvePair pair) : pair_(std::move(pair)) {}
  Pair self() override { return {pair_.publicKey, pair_.secretKey}; }
  std::vector<std::string> hosts(const std::vector<std::string>&) override { return {pair_.publicKey}; }
  std::optional<std::string> nameOf(const std::string& key, const std::string&) override {
    return key == pair_.publicKey ? std::optional<std::string>("bench") : std::nullopt;
  }

 private:
  const CurvePair pair_;
};

dividere::connection::SocketOptions withKeys(const CurvePair& pair) {
  dividere::connection::SocketOptions options;
  options.keys = std::make_shared<OneKey>(pair);
  return options;
}

void setOption(const BareSocket& socket, int option, const std::string& value) {
  zmq_setsockopt(socket.native(), option, value.data(), value.size());
}

void respond(const Arguments& arguments) {
  dividere::messaging::Response response("tcp://127.0.0.1:*", withKeys({arguments.at(0), arguments.at(1)}));
  tell(response.endpoint());
  for (Sample sample;;) {
    response.recvInto(sample);
    response.send(sample);
  }
}

void respondBare(const Arguments& arguments) {
  BareSocket socket(ZMQ_REP);
  socket.set(ZMQ_CURVE_SERVER, 1);
  setOption(socket, ZMQ_CURVE_SECRETKEY, arguments.at(1));
  tell(socket.bind("tcp://127.0.0.1:*"));
  for (Sample sample;;) {
    socket.receive(sample);
    socket.send(sample);
  }
}

void connectBare(BareSocket& socket, const CurvePair& pair, const std::string& endpoint) {
  setOption(socket, ZMQ_CURVE_SERVERKEY, pair.publicKey);
  setOption(socket, ZMQ_CURVE_PUBLICKEY, pair.publicKey);
  setOption(socket, ZMQ_CURVE_SECRETKEY, pair.secretKey);
  socket.connect(endpoint);
}

Times roundTrips(const Sample& sample) {
  const CurvePair pair = CurvePair::make();
  Child ourPeer({"ours", pair.publicKey, pair.secretKey});
  Child barePeer({"bare", pair.publicKey, pair.secretKey});
  dividere::messaging::Request request(ourPeer.line(), withKeys(pair));
  BareSocket bare(ZMQ_REQ);
  connectBare(bare, pair, barePeer.line());
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

Turns<double> underWay(const Sample& sample) {
  constexpr int kUnderWay = 256;
  const CurvePair pair = CurvePair::make();
  Child ourPeer({"ours", pair.publicKey, pair.secretKey});
  Child barePeer({"bare", pair.publicKey, pair.secretKey});
  dividere::messaging::Dealer dealer(ourPeer.line(), withKeys(pair));
  BareSocket bare(ZMQ_DEALER);
  connectBare(bare, pair, barePeer.line());
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
  for (const std::size_t bytes : {64u, 1u << 10, 64u << 10}) {
    const Sample sample = makeSample(bytes);
    const Times times = inActs([&] { return roundTrips(sample); });
    row("secured round trip " + sizeName(bytes) + " p50", "us", times.at(0.5), atMost(1.05));
  }
  for (const std::size_t bytes : {64u, 1u << 10}) {
    const Sample sample = makeSample(bytes);
    row("secured 256 requests under way " + sizeName(bytes), "replies/s",
        compare(inActs([&] { return underWay(sample); })), atLeast(0.95));
  }
}

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv, {{"ours", bench::respond}, {"bare", bench::respondBare}}, bench::measure);
}
