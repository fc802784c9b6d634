// 16 clients and 4 responders with a Proxy between them, against zmq_proxy().

#include <dividere.hpp>

#include "bare.hpp"
#include "clients.hpp"
#include "process.hpp"

namespace bench {

constexpr std::size_t kClients = 16;
constexpr std::size_t kResponders = 4;

void forward(const Arguments&) {
  dividere::connection::Proxy proxy(0, 0);
  tell("tcp://127.0.0.1:" + std::to_string(proxy.frontPort()));
  tell("tcp://127.0.0.1:" + std::to_string(proxy.backPort()));
  for (std::string text; heard(text);) {
  }
}

void forwardBare(const Arguments&) {
  BareSocket front(ZMQ_ROUTER), back(ZMQ_DEALER);
  tell(front.bind("tcp://127.0.0.1:*"));
  tell(back.bind("tcp://127.0.0.1:*"));
  zmq_proxy(front.native(), back.native(), nullptr);
}

void respond(const Arguments& arguments) {
  std::vector<BareSocket> sockets;
  std::vector<zmq_pollitem_t> items;
  for (std::size_t i = 0; i < kResponders; ++i) {
    sockets.emplace_back(ZMQ_REP);
    sockets.back().connect(arguments.at(0));
    items.push_back({sockets.back().native(), 0, ZMQ_POLLIN, 0});
  }
  const std::string reply(64, 'y');
  for (;;) {
    zmq_poll(items.data(), static_cast<int>(items.size()), -1);
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if (!(items[i].revents & ZMQ_POLLIN)) continue;
      sockets[i].receive();
      sockets[i].send(reply);
    }
  }
}

/// One middle, what stands on both sides of it, and its processes.
struct Setting {
  explicit Setting(const char* role)
      : middle({role}), front(middle.line()), responders({"respond", middle.line()}), clients(kClients, front) {}
  Child middle;
  std::string front;
  Child responders;
  Clients clients;
};

void measure() {
  const auto turns = inActs([] {
    Setting ours("ours"), bare("bare");
    return interleave(
        rounds(), [&] { return ours.clients.rate(); }, [&] { return bare.clients.rate(); });
  });
  row("Proxy: 16 clients 64 B", "replies/s", compare(turns), atLeast(0.95));
}

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv, {{"ours", bench::forward}, {"bare", bench::forwardBare}, {"respond", bench::respond}},
                    bench::measure);
}
