// A loop of one's own: epoll waits for a Request, a Subscriber, and whatever else the program has a descriptor for. One thread
// does it all. The other side runs beside it, in a reactor.

#include <sys/epoll.h>

#include <chrono>
#include <dividere.hpp>
#include <iostream>

#include "clientMsgs.pb.h"

namespace messaging = dividere::messaging;
using namespace std::chrono_literals;

int main() {
  messaging::Publisher publisher("tcp://*:*");
  messaging::Response response("tcp://*:*");
  messaging::Subscriber subscriber("tcp://localhost:" + std::to_string(publisher.port()));
  messaging::Request request("tcp://localhost:" + std::to_string(response.port()));
  dividere::reactor::MtMsgReactor square;
  square.add(std::move(response)).on([](const Msg02& question) {
    Msg02 reply;
    reply.set_field2(question.field2() * question.field2());
    return reply;
  });
  square.start();
  if (!publisher.waitForSubscribers(1, 10s)) return 1;

  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  for (const int fd : {subscriber.descriptor(), request.descriptor()}) {
    epoll_event interest{};
    interest.events = EPOLLIN;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest);
  }

  Msg02 question;
  question.set_field2(3);
  request.send(question);
  for (bool isDone = false; !isDone;) {
    epoll_event ready;
    ::epoll_wait(epoll, &ready, 1, -1);
    while (request.wait(0ms)) {
      const Msg02 reply = request.recv<Msg02>();
      std::cout << "the reply is " << reply.field2() << "\n";
      publisher.send(reply);
    }
    while (subscriber.wait(0ms)) {
      std::cout << "published: " << subscriber.recv<Msg02>().field2() << "\n";
      isDone = true;
    }
  }
}
