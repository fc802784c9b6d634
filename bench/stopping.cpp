// How long stop() of every active object takes, idle and in the midst of requests.

#include <dividere.hpp>

#include <functional>
#include <memory>

#include "bare.hpp"
#include "process.hpp"
#include "samples.hpp"

namespace bench {

using namespace dividere;

/// What is stopped, all that it needs to do its work, and where to ask for that.
struct Subject {
  std::string endpoint;
  std::function<void()> stop;  // keeps alive what it stops
};

void answer(const Sample& sample, reactor::Sender& sender) { sender.send(sample); }

std::string local(std::uint16_t port) { return "tcp://127.0.0.1:" + std::to_string(port); }

std::shared_ptr<reactor::MtMsgReactor> startReactor(messaging::Response&& response) {
  auto made = std::make_shared<reactor::MtMsgReactor>();
  made->add(std::move(response)).on(answer);
  made->start();
  return made;
}

Subject makeReactor() {
  messaging::Response response("tcp://127.0.0.1:*");
  const std::string endpoint = response.endpoint();
  const auto made = startReactor(std::move(response));
  return {endpoint, [made] { made->stop(); }};
}

Subject makeProcesses() {
  const auto port = connection::PortManager::acquire();
  const auto made = std::make_shared<reactor::MpMsgReactor>(1, [port](reactor::MtMsgReactor& reactor) {
    reactor.add(messaging::Response("tcp://*:" + std::to_string(port))).on(answer);
  });
  return {local(port), [made, port] {
            made->stop();
            connection::PortManager::release(port);
          }};
}

Subject makeProxy() {
  const auto proxy = std::make_shared<connection::Proxy>(std::uint16_t{0}, std::uint16_t{0});
  const auto behind = startReactor(messaging::Response(local(proxy->backPort())));
  return {local(proxy->frontPort()), [proxy, behind] { proxy->stop(); }};
}

struct Balanced {
  balancing::Broker broker{0, 0};
  balancing::Worker worker{local(broker.backPort())};
  Balanced() {
    worker.on(answer);
    worker.start();
  }
};

Subject makeBroker() {
  const auto both = std::make_shared<Balanced>();
  return {local(both->broker.frontPort()), [both] { both->broker.stop(); }};
}

Subject makeWorker() {
  const auto both = std::make_shared<Balanced>();
  return {local(both->broker.frontPort()), [both] { both->worker.stop(); }};
}

// --- Asking ---

void ask(BareSocket& socket) {
  static const std::string request = messaging::ProtoBuffEncoder().encode(makeSample(64));
  socket.send("", ZMQ_SNDMORE);
  socket.send(request);
}

/// Keeps 64 requests under way until it is killed; tells when the first is replied to.
void flood(const Arguments& arguments) {
  BareSocket socket(ZMQ_DEALER);
  socket.connect(arguments.at(0));
  for (int i = 0; i < 64; ++i) ask(socket);
  socket.receive();
  tell("busy");
  for (;;) {
    ask(socket);
    socket.receive();
  }
}

// --- Measuring ---

double stopTime(const Subject& subject) {
  const auto start = Clock::now();
  subject.stop();
  return secondsSince(start) * 1000;
}

double stopIdle(const Subject& subject) {
  BareSocket socket(ZMQ_DEALER);
  socket.connect(subject.endpoint);
  ask(socket);
  socket.receive();
  return stopTime(subject);
}

double stopLoaded(const Subject& subject) {
  Child flooding({"flood", subject.endpoint});
  flooding.line();
  return stopTime(subject);
}

void measureOf(const std::string& name, Subject (*make)(), int idleCount, int loadedCount) {
  std::vector<double> idle, loaded;
  for (int i = 0; i < idleCount; ++i) idle.push_back(stopIdle(make()));
  for (int i = 0; i < loadedCount; ++i) loaded.push_back(stopLoaded(make()));
  row("stop() of " + name + " idle p50", "ms", median(idle));
  row("stop() of " + name + " idle p99", "ms", percentile(idle, 0.99), 10);
  row("stop() of " + name + " loaded p50", "ms", median(loaded));
  row("stop() of " + name + " loaded p99", "ms", percentile(loaded, 0.99));
}

void measure() {
  setLogHandler([](LogLevel, std::string_view, std::string_view) {}, LogLevel::error);  // requests lost by stopping
  const int idle = quick ? 20 : 100, loaded = quick ? 5 : 30;
  measureOf("a reactor", makeReactor, idle, loaded);
  measureOf("worker processes", makeProcesses, idle / 2, loaded);
  measureOf("a Proxy", makeProxy, idle, loaded);
  measureOf("a Broker", makeBroker, idle, loaded);
  measureOf("a Worker", makeWorker, idle, loaded);
}

}  // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv, {{"flood", bench::flood}}, bench::measure); }
