// Does something that is worth a debug line, and something that is worth an error line.
// Usage: log_process [handler-then-none [NAME]]: sets no log handler, or takes it away again; what the socket is called.
#include <dividere.hpp>

#include <zmq.h>

#include <cstdio>
#include <future>
#include <stdexcept>
#include <string>

int main(int argc, char** argv) {
  using namespace dividere::connection;
  if (argc > 1 && std::string(argv[1]) == "handler-then-none") {
    dividere::setLogHandler([](auto, auto, auto) { std::puts("the handler was called"); });
    dividere::setLogHandler(nullptr);
  }
  std::promise<void> closed;
  SocketOptions options;
  if (argc > 2) options.name = argv[2];
  options.attach = Attach::bind;
  options.onEvent = [&](const SocketEvent& event) {
    if (event.type == EventType::closed) closed.set_value();
    if (event.type == EventType::listening) throw std::runtime_error("thrown on purpose");
  };
  Subscriber subscriber("tcp://127.0.0.1:*", "", options);
  zmq_unbind(subscriber.native(), subscriber.endpoint().c_str());
  closed.get_future().wait();  // by then the lines of the events before have been written
}
