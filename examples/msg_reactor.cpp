// Reactors: handlers called with what arrives by any of several sockets; here requests, which are replied to, and published
// events, which are not. First in a thread of this process, then in a process of its own: the handlers are the same.

#include <dividere.hpp>
#include <iostream>
#include <string>

#include "clientMsgs.pb.h"

namespace connection = dividere::connection;
namespace messaging = dividere::messaging;
namespace reactor = dividere::reactor;
using namespace std::chrono_literals;

struct Ports {
  std::uint16_t requests = connection::PortManager::acquire();
  std::uint16_t events = connection::PortManager::acquire();
  std::uint16_t heard = connection::PortManager::acquire();
};

std::string at(std::uint16_t port) { return "tcp://localhost:" + std::to_string(port); }
std::string bound(std::uint16_t port) { return "tcp://*:" + std::to_string(port); }

void setUp(reactor::MtMsgReactor& reactor, const Ports& ports) {
  reactor.add(messaging::Response(bound(ports.requests))).add(messaging::Subscriber(at(ports.events)));
  reactor.on([](const Msg01& message) {
    std::cout << "got Msg01: " << message.field1() << std::endl;
    Msg01 reversed;
    reversed.set_field1(std::string(message.field1().rbegin(), message.field1().rend()));
    return reversed;  // the reply
  });
  reactor.on([heard = std::make_shared<messaging::Request>(at(ports.heard))](const Msg02& message) {
    std::cout << "got Msg02: " << message.field1() << std::endl;
    heard->send(message);
    heard->recv();
  });
}

void talkTo(const Ports& ports) {
  messaging::Response heard(bound(ports.heard));
  messaging::Publisher publisher(bound(ports.events));
  messaging::Request request(at(ports.requests));

  Msg01 hello;
  hello.set_field1("hello");
  request.send(hello);
  const Msg01 reply = request.recv<Msg01>();
  std::cout << "reply: " << reply.field1() << std::endl;

  Msg02 event;
  event.set_field1("some published event");
  publisher.waitForSubscribers(1, 10s);
  publisher.send(event);
  heard.send(heard.recv<Msg02>());
}

int main() {
  std::cout << "in a thread" << std::endl;
  const Ports first;
  reactor::MtMsgReactor thread;
  setUp(thread, first);
  thread.start();
  talkTo(first);
  thread.stop();

  std::cout << "in a process" << std::endl;
  const Ports second;
  reactor::MpMsgReactor process(1, [second](reactor::MtMsgReactor& reactor) { setUp(reactor, second); });
  talkTo(second);
  process.stop();
}
