// A fleet of robots: one publisher sends for all of them, each under a topic of its own. A dashboard shows the newest
// message of every robot; whoever looks after one hall hears of that hall alone.

#include <chrono>
#include <dividere.hpp>
#include <iostream>
#include <map>
#include <string>

#include "clientMsgs.pb.h"

namespace messaging = dividere::messaging;

Msg02 battery(int percent) {
  Msg02 message;
  message.set_field1("battery");
  message.set_field2(percent);
  return message;
}

int main() {
  messaging::Publisher fleet("tcp://*:*");
  const std::string endpoint = "tcp://localhost:" + std::to_string(fleet.port());

  messaging::SubscriberOptions options;
  options.latest = true;  // of each robot the newest, however slow the screen is
  messaging::Subscriber dashboard(endpoint, messaging::types<Msg02>(), messaging::topic("fleet"), options);
  messaging::Subscriber hall2(endpoint, messaging::types<Msg02>(), messaging::topic("fleet", "hall2"));
  if (!fleet.waitForSubscribers(2, std::chrono::seconds(10))) return 1;

  for (int percent = 100; percent >= 80; percent -= 10) {
    for (const std::string robot : {"ant", "bee"})
      fleet.send(battery(percent), messaging::topic("fleet", "hall1", robot));
    fleet.send(battery(percent / 2), messaging::topic("fleet", "hall2", "cat"));
  }

  std::map<std::string, int> screen;  // by robot
  const std::map<std::string, int> asItIs{{"ant", 80}, {"bee", 80}, {"cat", 40}};
  while (screen != asItIs) {
    const Msg02 message = dashboard.recv<Msg02>();
    screen[dashboard.topic().back()] = message.field2();
  }
  for (const auto& [robot, percent] : screen) std::cout << "dashboard: " << robot << " " << percent << " %\n";

  for (int i = 0; i < 3; ++i) {
    const Msg02 message = hall2.recv<Msg02>();
    std::cout << "hall2: " << hall2.topic().back() << " " << message.field2() << " %\n";
  }
  std::cout << "hall2: " << (hall2.wait(std::chrono::milliseconds(0)) ? "there is more" : "nothing else") << "\n";
}
