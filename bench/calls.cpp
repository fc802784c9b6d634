// Calls that do not wait: 256 under way through one client, against DEALER and REP, and against gRPC's callbacks where CMake
// finds gRPC; one after another by then() and co_await, against call(); and the memory that one under way takes.

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <dividere.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "bare.hpp"
#include "process.hpp"
#include "samples.hpp"

#ifdef DIVIDERE_BENCH_GRPC
#include <grpcpp/grpcpp.h>

#include "echo.grpc.pb.h"
#endif

namespace bench {

using namespace dividere;
using namespace std::chrono_literals;

constexpr const char* kName = "bench.Echo";
constexpr int kUnderWay = 256;

// --- Those who reply ---

/// The registry as well. Replies at once, or never.
void serve(const Arguments& arguments) {
  registry::ServerOptions anywhere;
  anywhere.port = 0;
  registry::Server registry(anywhere);
  service::ServiceOptions options;
  options.registries = {{"127.0.0.1", registry.port()}};
  options.advertise = "127.0.0.1";
  service::Service service(kName, options);
  std::vector<reactor::Later> kept;
  const bool replies = arguments.empty();
  service.on([&](const Sample& sample, reactor::Sender& sender) {
    if (replies || sample.number() == 0) return sender.send(sample);
    kept.push_back(sender.defer());
  });
  service.start();
  tell(std::to_string(registry.port()));
  for (std::string text; heard(text);) {
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

#ifdef DIVIDERE_BENCH_GRPC
class GrpcEcho final : public Echo::CallbackService {
  grpc::ServerUnaryReactor* Say(grpc::CallbackServerContext* context, const Sample* request, Sample* reply) override {
    *reply = *request;
    auto* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

void serveGrpc(const Arguments&) {
  GrpcEcho echo;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&echo);
  const auto server = builder.BuildAndStart();
  tell(std::to_string(port));
  server->Wait();
}
#endif

// --- Calls with callbacks ---

/// Keeps so many calls under way for one turn: whichever ends has the next one started, in its callback. Calls a second.
class Chain {
 public:
  using Start = std::function<void(std::function<void()> whenDone)>;

  Chain(int window, Start start) : start_(std::move(start)), underWay_(window) {
    const auto begun = Clock::now();
    for (int i = 0; i < window; ++i) next();
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, turn(), [] { return false; });
    isOver_ = true;
    changed_.wait(lock, [&] { return underWay_ == 0; });
    rate_ = count_ / secondsSince(begun);
  }

  double rate() const { return rate_; }

 private:
  void next() {
    start_([this] { hasEnded(); });
  }

  void hasEnded() {
    ++count_;
    if (!isOver_) return next();
    const std::lock_guard<std::mutex> lock(mutex_);
    --underWay_;
    changed_.notify_one();
  }

  const Start start_;
  std::atomic<int> count_{0};
  std::atomic<bool> isOver_{false};
  double rate_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  int underWay_;  // under mutex_
};

Chain::Start startAt(service::Client& client, const Sample& sample) {
  return [&](std::function<void()> whenDone) {
    client.start<Sample>(sample, 30s, [whenDone = std::move(whenDone)](const Outcome<Sample>&) { whenDone(); });
  };
}

Chain::Start startAndFollowAt(service::Client& client, const Sample& sample) {
  return [&](std::function<void()> whenDone) {
    client.start<Sample>(sample, 30s).then([whenDone = std::move(whenDone)](const Outcome<Sample>&) { whenDone(); });
  };
}

/// A coroutine that begins at once and owns itself.
struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Task await(service::Client& client, const Sample& sample, std::function<void()> whenDone) {
  co_await client.start<Sample>(sample, 30s);
  whenDone();
}

Chain::Start awaitAt(service::Client& client, const Sample& sample) {
  return [&](std::function<void()> whenDone) { await(client, sample, std::move(whenDone)); };
}

std::unique_ptr<service::Client> clientOf(const std::string& registryPort) {
  service::ClientOptions options;
  options.registries = {{"127.0.0.1", static_cast<std::uint16_t>(std::stoi(registryPort))}};
  return std::make_unique<service::Client>(kName, options);
}

// --- The figures ---

Turns<double> againstBare() {
  Child ours({"service"}), plain({"bare"});
  const auto client = clientOf(ours.line());
  BareSocket bare(ZMQ_DEALER);
  bare.connect(plain.line());
  const Sample sample = makeSample(64);
  Sample reply;
  return interleave(
      rounds(), [&] { return Chain(kUnderWay, startAt(*client, sample)).rate(); },
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

#ifdef DIVIDERE_BENCH_GRPC
Chain::Start startAt(Echo::Stub& stub, const Sample& sample) {
  struct Pending {
    grpc::ClientContext context;
    Sample reply;
  };
  return [&](std::function<void()> whenDone) {
    auto pending = std::make_shared<Pending>();
    Pending& its = *pending;
    stub.async()->Say(
        &its.context, &sample, &its.reply,
        [pending = std::move(pending), whenDone = std::move(whenDone)](const grpc::Status&) { whenDone(); });
  };
}

Turns<double> againstGrpc(int underWay) {
  Child ours({"service"}), theirs({"grpc"});
  const auto client = clientOf(ours.line());
  // Never destroyed: gRPC ends the process if its channel goes while a callback is still to return.
  auto& stub =
      *Echo::NewStub(grpc::CreateChannel("127.0.0.1:" + theirs.line(), grpc::InsecureChannelCredentials())).release();
  const Sample sample = makeSample(64);
  return interleave(
      rounds(), [&] { return Chain(underWay, startAt(*client, sample)).rate(); },
      [&] { return Chain(underWay, startAt(stub, sample)).rate(); });
}

void measureGrpc() {
  row("256 calls under way 64 B: gRPC", "calls/s", compare(inActs([] { return againstGrpc(kUnderWay); })));
  row("calls one after another 64 B: gRPC", "calls/s", compare(inActs([] { return againstGrpc(1); })));
}
#else
void measureGrpc() {
  std::cerr << "CMake found no gRPC (libgrpc++-dev, protobuf-compiler-grpc): measured without it" << std::endl;
}
#endif

/// One call after another, against call().
void measureOneByOne() {
  Child ours({"service"});
  const auto client = clientOf(ours.line());
  const Sample sample = makeSample(64);
  Sample reply;
  const auto callOne = [&] { return rateOf([&] { client->callInto(sample, reply, 30s); }); };
  const auto measured = [&](const std::string& how, const Chain::Start& start) {
    row("calls one after another 64 B: " + how, "calls/s",
        compare(interleave(
            rounds(), [&] { return Chain(1, start).rate(); }, callOne)));
  };
  measured("callback", startAt(*client, sample));
  measured("then()", startAndFollowAt(*client, sample));
  measured("co_await", awaitAt(*client, sample));
}

void measureMemory() {
  constexpr int kCalls = 20000;
  Child silent({"service", "silent"});
  const auto client = clientOf(silent.line());
  Sample sample = makeSample(64);
  sample.set_number(0);
  client->call<Sample>(sample, 30s);
  sample.set_number(1);
  std::vector<Call<Sample>> calls;
  calls.reserve(kCalls);
  const double before = residentKiB();
  for (int i = 0; i < kCalls; ++i) calls.push_back(client->start<Sample>(sample, 1h));
  sample.set_number(0);
  calls[0].wait(100ms);
  row("memory of a call under way 64 B", "bytes", (residentKiB() - before) * 1024 / kCalls);
}

void measure() {
  row("256 calls under way 64 B: DEALER and REP", "calls/s", compare(inActs(againstBare)));
  measureGrpc();
  measureOneByOne();
  measureMemory();
}

}  // namespace bench

int main(int argc, char** argv) {
  bench::Roles roles{{"service", bench::serve}, {"bare", bench::respondBare}};
#ifdef DIVIDERE_BENCH_GRPC
  roles["grpc"] = bench::serveGrpc;
#endif
  return bench::run(argc, argv, roles, bench::measure);
}
