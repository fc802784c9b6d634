// C++20: calls are awaited, and ended by a std::stop_token, with the header as it is for C++17.
#include <stop_token>  // before dividere's

#include <coroutine>
#include <cstdio>
#include <dividere.hpp>
#include <exception>
#include <future>
#include <string>

#include "greeting.pb.h"

using dividere::Errc;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kLong{30000};

/// A coroutine that begins at once and owns itself.
struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

consumer::Greeting greeting(const std::string& text) {
  consumer::Greeting made;
  made.set_text(text);
  return made;
}

Task greetThrice(dividere::service::Client& client, std::promise<std::string>& done) {
  std::string texts;
  for (const char* text : {"a", "b", "c"}) {
    texts += (co_await client.start<consumer::Greeting>(greeting(text), kLong)).text();
  }
  done.set_value(texts);
}

Task failTwice(dividere::service::Client& client, std::promise<std::string>& done) {
  std::string texts;
  try {
    co_await client.start<consumer::Greeting>(greeting("throw"), kLong);
  } catch (const dividere::Error& error) {
    texts += error.text();
  }
  try {
    co_await client.start<consumer::Greeting>(greeting("sleep"), 20ms);
  } catch (const dividere::Error& error) {
    if (error.code() == Errc::deadlinePassed) texts += ", too late";
  }
  done.set_value(texts);
}

/// Whoever waits goes on when the stop is requested.
bool endsWhenStopped(dividere::service::Client& client) {
  std::stop_source stop;
  auto reply = std::async(std::launch::async, [&client, token = stop.get_token()] {
    return client.call<consumer::Greeting>(greeting("sleep"), std::chrono::milliseconds::max(), token).has_value();
  });
  stop.request_stop();
  return !reply.get();
}

std::string resultOf(Task (*task)(dividere::service::Client&, std::promise<std::string>&),
                     dividere::service::Client& client) {
  std::promise<std::string> done;
  auto result = done.get_future();
  task(client, done);
  return result.get();
}

}  // namespace

int main() {
  dividere::registry::ServerOptions anywhere;
  anywhere.port = anywhere.announcePort = 0;
  dividere::registry::Server registry(anywhere);
  dividere::registry::Location here{"127.0.0.1", registry.port(), registry.announcePort()};

  dividere::service::ServiceOptions options;
  options.registries = {here};
  options.advertise = "127.0.0.1";
  dividere::service::Service service("greeter", options);
  std::promise<void> end;
  auto ended = end.get_future().share();
  service.on([&](const consumer::Greeting& request) {
    if (request.text() == "throw") throw dividere::Failure(1, "a failure");
    if (request.text() == "sleep") ended.wait();
    return request;
  });
  service.start(kLong);

  dividere::service::ClientOptions asking;
  asking.registries = {here};
  dividere::service::Client client("greeter", asking);
  dividere::setLogHandler([](auto&&...) {});
  const bool isRight = resultOf(greetThrice, client) == "abc" && resultOf(failTwice, client) == "a failure, too late" &&
                       endsWhenStopped(client);
  end.set_value();
  std::puts(isRight ? "calls were awaited" : "calls were not awaited");
  return isRight ? 0 : 1;
}
