#include "exchange.hpp"

#include <dividere.hpp>

#include "greeting.pb.h"

bool exchangeGreeting() {
  dividere::messaging::Publisher publisher("tcp://127.0.0.1:*");
  dividere::messaging::Subscriber subscriber(publisher.endpoint());
  if (!publisher.waitForSubscribers(1, std::chrono::seconds(30))) return false;

  consumer::Greeting greeting;
  greeting.set_text("hello");
  publisher.send(greeting);
  return subscriber.recv<consumer::Greeting>().text() == "hello";
}
