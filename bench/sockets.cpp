// What a thousand connected sockets take, against bare ones, which have no monitor: that is two more sockets in libzmq for
// each. Then without it.

#include <dividere.hpp>

#include "bare.hpp"
#include "process.hpp"

namespace bench {

constexpr std::size_t kCount = 1000;

/// Makes them, waits to be told that all are connected, tells what they take, and ends them.
template <class Make>
void hold(const Make& make) {
  using Socket = decltype(make());
  const double threadsBefore = threads(), descriptorsBefore = descriptors(), residentBefore = residentKiB();
  std::vector<Socket> sockets;
  sockets.reserve(kCount);
  const auto start = Clock::now();
  for (std::size_t i = 0; i < kCount; ++i) sockets.push_back(make());
  const double made = secondsSince(start);
  tell("made");
  std::string text;
  heard(text);
  tell(std::to_string(threads() - threadsBefore));
  tell(std::to_string(descriptors() - descriptorsBefore));
  tell(std::to_string(residentKiB() - residentBefore));
  const auto end = Clock::now();
  sockets.clear();
  tell(std::to_string(made * 1000));
  tell(std::to_string(secondsSince(end) * 1000));
}

void holdOurs(const Arguments& arguments) {
  hold([&] { return dividere::connection::Subscriber(arguments.at(0)); });
}

void holdUnmonitored(const Arguments& arguments) {
  dividere::connection::SocketOptions options;
  options.monitor = false;
  hold([&] { return dividere::connection::Subscriber(arguments.at(0), "", options); });
}

void holdBare(const Arguments& arguments) {
  hold([&] {
    BareSocket socket(ZMQ_SUB);
    socket.subscribe("");
    socket.connect(arguments.at(0));
    return socket;
  });
}

struct Taken {
  double threads, descriptors, resident, made, ended;
};

Taken take(const char* role) {
  BareSocket publisher(ZMQ_XPUB);
  publisher.set(ZMQ_XPUB_VERBOSE, 1);
  publisher.set(ZMQ_BACKLOG, static_cast<int>(kCount));
  Child holder({role, publisher.bind("tcp://127.0.0.1:*")});
  // Of the subscriptions the one to everything is a single byte; ours have others besides.
  for (std::size_t there = 0; there < kCount;) there += publisher.receive() == 1;
  holder.line();
  holder.say("all are there");
  Taken taken{};
  for (double* figure : {&taken.threads, &taken.descriptors, &taken.resident, &taken.made, &taken.ended}) {
    *figure = holder.number();
  }
  return taken;
}

void measureOf(const std::string& name, const char* role) {
  const auto turns = interleave(
      quick ? 1 : 5, [&] { return take(role); }, [] { return take("bare"); });
  const auto report = [&](const char* what, const char* unit, double Taken::*figure, Reach reach = {}) {
    const auto compared = compare(turns, [&](const Taken& taken) { return taken.*figure; });
    row(name + what, unit, compared, reach);
  };
  report("threads", "in all", &Taken::threads);
  report("descriptors", "in all", &Taken::descriptors);
  report("resident memory", "KiB in all", &Taken::resident, atMost(1.3));
  report("making them", "ms", &Taken::made);
  report("ending them", "ms", &Taken::ended);
}

void measure() {
  measureOf("1000 sockets: ", "ours");
  measureOf("1000 sockets without monitor: ", "unmonitored");
}

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv,
                    {{"ours", bench::holdOurs}, {"unmonitored", bench::holdUnmonitored}, {"bare", bench::holdBare}},
                    bench::measure);
}
