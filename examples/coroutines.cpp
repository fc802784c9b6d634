// C++20: calls are awaited. Two coroutines share one client, and neither blocks a thread while it waits for a reply.

#include <coroutine>
#include <dividere.hpp>
#include <exception>
#include <future>
#include <iostream>
#include <string>

#include "clientMsgs.pb.h"

using namespace std::chrono_literals;

// A coroutine that starts at once, and whose end can be waited for.
struct Task {
  struct promise_type {
    std::promise<std::string> result;
    Task get_return_object() { return {result.get_future()}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_value(const std::string& text) { result.set_value(text); }
    void unhandled_exception() { result.set_exception(std::current_exception()); }
  };
  std::future<std::string> result;
};

Task squareThreeTimes(dividere::balancing::Client& client, int number) {
  std::string text = std::to_string(number);
  Msg02 question;
  question.set_field2(number);
  for (int i = 0; i < 3; ++i) {
    question = co_await client.start<Msg02>(question, 30s);  // the reply, or it throws
    text += " " + std::to_string(question.field2());
  }
  co_return text;
}

Task divide(dividere::balancing::Client& client) {
  Msg01 question;
  question.set_field1("1/0");
  try {
    co_await client.start<Msg01>(question, 30s);
  } catch (const dividere::Error& error) {
    co_return "failure " + std::to_string(error.failure()) + ": " + error.text();
  }
  co_return "no failure";
}

int main() {
  dividere::setLogHandler([](auto&&...) {});  // the worker would tell of the failure
  dividere::balancing::Broker broker(0, 0);
  dividere::balancing::Worker worker("tcp://localhost:" + std::to_string(broker.backPort()));
  worker.on([](const Msg02& question) {
    Msg02 reply;
    reply.set_field2(question.field2() * question.field2());
    return reply;
  });
  worker.on([](const Msg01&) -> Msg01 { throw dividere::Failure(33, "nothing is divided by zero"); });
  worker.start();

  dividere::balancing::Client client("tcp://localhost:" + std::to_string(broker.frontPort()));
  Task twos = squareThreeTimes(client, 2), threes = squareThreeTimes(client, 3), failing = divide(client);
  std::cout << twos.result.get() << "\n" << threes.result.get() << "\n" << failing.result.get() << "\n";
}
