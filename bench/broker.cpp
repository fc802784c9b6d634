// A Broker between 16 clients and 4 workers, against a least-recently-used queue of bare libzmq: two ROUTER sockets and
// a list of idle workers, with no bookkeeping. Then what it takes to keep requests waiting.

#include <algorithm>
#include <deque>
#include <dividere.hpp>
#include <thread>

#include "bare.hpp"
#include "clients.hpp"
#include "process.hpp"

namespace bench {

constexpr std::size_t kClients = 16;
constexpr std::size_t kWorkers = 4;

void serveBroker(const Arguments&) {
  dividere::balancing::Broker broker(0, 0);
  tell("tcp://127.0.0.1:" + std::to_string(broker.frontPort()));
  tell("tcp://127.0.0.1:" + std::to_string(broker.backPort()));
  for (std::string text; heard(text);) {
    // "waiting <n>": once so many are.
    const std::size_t wanted = std::stoul(text.substr(text.find(' ')));
    while (broker.stats().waiting < wanted) std::this_thread::yield();
    tell(std::to_string(residentKiB()));
  }
}

// --- The baseline ---

/// Hands a message on, all but its first `skip` frames, behind an address if there is one; returns the first frame.
std::string handOn(const BareSocket& from, const BareSocket& to, std::size_t skip, const std::string* address) {
  std::string first;
  if (address) zmq_send(to.native(), address->data(), address->size(), ZMQ_SNDMORE);
  bool more = true;
  for (std::size_t i = 0; more; ++i) {
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    zmq_msg_recv(&frame, from.native(), 0);
    more = zmq_msg_more(&frame) != 0;
    if (i == 0) first.assign(static_cast<const char*>(zmq_msg_data(&frame)), zmq_msg_size(&frame));
    // A worker that registers has a single frame after its id: for nobody.
    const bool isRegistration = skip == 1 && i == 1 && !more;
    if (i < skip || isRegistration || zmq_msg_send(&frame, to.native(), more ? ZMQ_SNDMORE : 0) < 0)
      zmq_msg_close(&frame);
  }
  return first;
}

void serveQueue(const Arguments&) {
  BareSocket front(ZMQ_ROUTER), back(ZMQ_ROUTER);
  tell(front.bind("tcp://127.0.0.1:*"));
  tell(back.bind("tcp://127.0.0.1:*"));
  std::deque<std::string> idle;
  for (;;) {
    zmq_pollitem_t items[] = {{back.native(), 0, ZMQ_POLLIN, 0}, {front.native(), 0, ZMQ_POLLIN, 0}};
    zmq_poll(items, idle.empty() ? 1 : 2, -1);
    if (items[0].revents & ZMQ_POLLIN) idle.push_back(handOn(back, front, 1, nullptr));
    if (!(items[1].revents & ZMQ_POLLIN)) continue;
    handOn(front, back, 0, &idle.front());
    idle.pop_front();
  }
}

// --- Who uses them ---

/// Workers in one thread that send back what they are given.
void work(const Arguments& arguments) {
  std::vector<BareSocket> sockets;
  std::vector<zmq_pollitem_t> items;
  for (std::size_t i = 0; i < kWorkers; ++i) {
    sockets.emplace_back(ZMQ_DEALER);
    sockets.back().connect(arguments.at(0));
    sockets.back().send("\x01");
    items.push_back({sockets.back().native(), 0, ZMQ_POLLIN, 0});
  }
  for (;;) {
    zmq_poll(items.data(), static_cast<int>(items.size()), -1);
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if (items[i].revents & ZMQ_POLLIN) handOn(sockets[i], sockets[i], 0, nullptr);
    }
  }
}

/// One middle, what stands on both sides of it, and its processes.
struct Setting {
  explicit Setting(const char* role)
      : middle({role}), front(middle.line()), workers({"work", middle.line()}), clients(kClients, front) {}
  Child middle;
  std::string front;
  Child workers;
  Clients clients;
};

void measureThroughput() {
  const auto turns = inActs([] {
    Setting ours("broker"), bare("queue");
    return interleave(
        rounds(), [&] { return ours.clients.rate(); }, [&] { return bare.clients.rate(); });
  });
  row("Broker: 16 clients and 4 workers 64 B", "replies/s", compare(turns), atLeast(0.8));
}

void measureWaiting(std::size_t count) {
  Child middle({"broker"});
  const std::string front = middle.line(), back = middle.line();
  const double before = std::stod(middle.ask("waiting 0"));
  BareSocket client(ZMQ_DEALER);
  client.set(ZMQ_SNDHWM, 0);
  client.set(ZMQ_RCVHWM, 0);
  client.connect(front);
  const std::string request(64, 'x');
  for (std::size_t i = 0; i < count; ++i) client.send(request);
  const double after = std::stod(middle.ask("waiting " + std::to_string(count)));

  const auto start = Clock::now();
  Child workers({"work", back});
  for (std::size_t i = 0; i < count; ++i) client.receive();
  const double rate = static_cast<double>(count) / secondsSince(start);
  const std::string name = "Broker: " + std::to_string(count) + " requests waiting";
  row(name + "; then worked off", "replies/s", rate);
  row(name + ": memory of each", "bytes", (after - before) * 1024 / static_cast<double>(count));
}

void measure() {
  measureThroughput();
  for (const std::size_t count : {1000u, 10000u, 100000u}) measureWaiting(count);
}

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv, {{"broker", bench::serveBroker}, {"queue", bench::serveQueue}, {"work", bench::work}},
                    bench::measure);
}
