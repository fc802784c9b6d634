// Kills and pauses what takes part in load balancing while requests flow, and writes down what became of each
// request, for check.py to judge. tests/faults.sh runs both.
//
//   fault workers  <requests> <history>    a random worker killed with -9 every 100 ms
//   fault restarts <requests> <history>    the broker killed with -9 half way through, and started again
//   fault pauses   <requests> <history>    workers and the broker stopped for a while, in turn
//
// The history has a line for each event, with the time in microseconds:
//   sent,<request>,<time>                        done,<request>,<time>,<ok, none or error code>,<value>
//   fault,<time>,<what>                          redispatch,<microseconds after the kill>

#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <dividere.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "golden.pb.h"
#include "support/role.hpp"

namespace {

using namespace std::chrono_literals;
using namespace dividere::balancing;
using support::Role;
using Clock = std::chrono::steady_clock;

constexpr int kWorkers = 4;
constexpr int kClients = 4;

long long micros(Clock::duration time) { return std::chrono::duration_cast<std::chrono::microseconds>(time).count(); }

long long now() { return micros(Clock::now().time_since_epoch()); }

/// What check.py computes too.
std::string valueOf(int request) { return std::to_string(1ll * request * request % 1000003); }

// Where processes are paused, or brokers started again, silence has to be noticed soon. Where they are killed, silence
// is not to be what tells.
const char* const kBrisk = "100";
const char* const kCalm = "3000";

std::chrono::milliseconds period(const std::string& text) { return std::chrono::milliseconds(std::stoi(text)); }

BrokerOptions brokerOptions(const std::string& heartbeat) {
  BrokerOptions options;
  options.heartbeat = period(heartbeat);
  options.maxAttempts = 10;  // kills are at random: nothing is wrong with a request that was hit three times
  return options;
}

void beBroker(const std::string& front, const std::string& back) {
  const auto port = [](const std::string& text) { return static_cast<std::uint16_t>(std::stoi(text)); };
  Broker broker(port(front), port(back), brokerOptions(kBrisk));
  std::printf("%d\n%d\n", broker.frontPort(), broker.backPort());
  std::fflush(stdout);
  for (;;) ::pause();
}

void beWorker(const std::string& endpoint, const std::string& heartbeat) {
  WorkerOptions options;
  options.heartbeat = period(heartbeat);
  Worker worker(endpoint, options);
  worker.on([](const Msg02& request) {
    if (request.field2() % 4 == 0) ::poll(nullptr, 0, 1);  // some take longer
    Msg02 reply = request;
    reply.set_field1(valueOf(request.field2()));
    return reply;
  });
  worker.start();
  for (;;) ::pause();
}

// --- What became of the requests ---

class History {
 public:
  explicit History(const std::string& path) : file_(std::fopen(path.c_str(), "w")) {
    if (!file_) throw std::runtime_error("cannot write " + path);
  }
  ~History() { std::fclose(file_); }
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  void write(const std::string& line) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::fprintf(file_, "%s\n", line.c_str());
  }
  void fault(const std::string& what) { write("fault," + std::to_string(now()) + "," + what); }

 private:
  std::mutex mutex_;
  std::FILE* file_;
};

class Clients {
 public:
  Clients(const std::string& endpoint, const RetryPolicy& policy, int first, int requests, History& history)
      : left_(requests), history_(history) {
    for (int i = 0; i < kClients; ++i) {
      const int begin = first + requests * i / kClients, end = first + requests * (i + 1) / kClients;
      threads_.emplace_back([=] { ask(endpoint, policy, begin, end); });
    }
  }
  ~Clients() {
    for (std::thread& thread : threads_) thread.join();
  }
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  /// Whether no more than so many are left, waiting for it until then.
  bool wait(int left, Clock::time_point until = Clock::time_point::max()) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_until(lock, until, [&] { return left_ <= left; });
  }

 private:
  void ask(const std::string& endpoint, const RetryPolicy& policy, int begin, int end) {
    Client client(endpoint, policy);
    for (int request = begin; request < end; ++request) {
      history_.write("sent," + std::to_string(request) + "," + std::to_string(now()));
      const std::string outcome = outcomeOf(client, request);
      history_.write("done," + std::to_string(request) + "," + std::to_string(now()) + "," + outcome);
      const std::lock_guard<std::mutex> lock(mutex_);
      --left_;
      changed_.notify_all();
    }
  }

  static std::string outcomeOf(Client& client, int request) {
    Msg02 message;
    message.set_field2(request);
    try {
      const auto reply = client.call<Msg02>(message);
      if (!reply) return "none,";
      return (reply->field2() == request ? "ok," : "another's,") + reply->field1();
    } catch (const dividere::Error& error) {
      return std::to_string(error.code().value()) + ",";
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  int left_;
  History& history_;
  std::vector<std::thread> threads_;
};

// --- The faults ---

/// When the broker in this process took note of a worker's death, and gave away what it had.
class Redispatches {
 public:
  Redispatches() {
    dividere::setLogHandler(
        [this](dividere::LogLevel, std::string_view, std::string_view text) {
          if (text.find("a worker is ") == std::string_view::npos) return;
          const std::lock_guard<std::mutex> lock(mutex_);
          last_ = Clock::now();
          wasBusy_ = text.find("goes to another") != std::string_view::npos;
          changed_.notify_all();
        },
        dividere::LogLevel::info);
  }
  ~Redispatches() { dividere::setLogHandler(nullptr); }
  Redispatches(const Redispatches&) = delete;
  Redispatches& operator=(const Redispatches&) = delete;

  /// Waits for one since then; false if the worker was idle, so that nothing had to be given to another.
  bool wait(Clock::time_point since, Clock::duration& took) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, 30s, [&] { return last_ > since; })) throw std::runtime_error("no death is noticed");
    took = last_ - since;
    return wasBusy_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Clock::time_point last_{};
  bool wasBusy_ = false;
};

using Workers = std::vector<std::unique_ptr<Role>>;

std::unique_ptr<Role> startWorker(const std::string& endpoint, const std::string& heartbeat) {
  return std::make_unique<Role>(std::vector<std::string>{"worker", endpoint, heartbeat});
}

Workers startWorkers(const std::string& endpoint, const std::string& heartbeat) {
  Workers workers;
  for (int i = 0; i < kWorkers; ++i) workers.push_back(startWorker(endpoint, heartbeat));
  return workers;
}

std::string at(const std::string& port) { return "tcp://127.0.0.1:" + port; }

void killWorkers(int requests, History& history) {
  Redispatches redispatches;
  Broker broker(0, 0, brokerOptions(kCalm));
  const std::string back = at(std::to_string(broker.backPort()));
  Workers workers = startWorkers(back, kCalm);
  if (!broker.waitForWorkers(kWorkers, 30s)) throw std::runtime_error("the workers do not come");

  RetryPolicy once;  // no retry makes good what the broker loses
  once.maxRetries = 0;
  once.timeout = 60s;
  Clients clients(at(std::to_string(broker.frontPort())), once, 0, requests, history);
  std::mt19937 random(std::random_device{}());
  auto next = Clock::now() + 1s;  // some time to find out how many requests a second there are
  while (!clients.wait(0, next)) {
    auto& victim = workers[random() % kWorkers];
    history.fault("worker killed");
    const auto killed = Clock::now();
    victim->kill();
    next += 100ms;
    Clock::duration took{};
    if (redispatches.wait(killed, took)) history.write("redispatch," + std::to_string(micros(took)));
    victim = startWorker(back, kCalm);
    if (!broker.waitForWorkers(kWorkers, 30s)) throw std::runtime_error("a new worker does not come");
  }
  clients.wait(0);
  const BrokerStats stats = broker.stats();
  std::printf("broker: read %llu, replied %llu, errors %llu, redispatched %llu, late %llu\n",
              static_cast<unsigned long long>(stats.read), static_cast<unsigned long long>(stats.replied),
              static_cast<unsigned long long>(stats.errors), static_cast<unsigned long long>(stats.redispatched),
              static_cast<unsigned long long>(stats.late));
}

struct BrokerProcess {
  explicit BrokerProcess(const std::string& frontPort = "0", const std::string& backPort = "0")
      : process({"broker", frontPort, backPort}), front(process.line()), back(process.line()) {}
  Role process;
  std::string front, back;
};

RetryPolicy stubborn() {
  RetryPolicy policy;
  policy.maxRetries = 100;
  policy.timeout = 500ms;
  policy.pause = 10ms;
  policy.pauseMax = 100ms;
  return policy;
}

void restartBroker(int requests, History& history) {
  constexpr int kRound = 10000;
  auto broker = std::make_unique<BrokerProcess>();
  const std::string front = broker->front, back = broker->back;
  const Workers workers = startWorkers(at(back), kBrisk);
  for (int first = 0; first < requests; first += kRound) {
    const int round = std::min(kRound, requests - first);
    Clients clients(at(front), stubborn(), first, round, history);
    clients.wait(round / 2);
    history.fault("broker killed");
    broker.reset();
    broker = std::make_unique<BrokerProcess>(front, back);
    clients.wait(0);
  }
}

void pauseInTurn(int requests, History& history) {
  BrokerProcess broker;
  const Workers workers = startWorkers(at(broker.back), kBrisk);
  Clients clients(at(broker.front), stubborn(), 0, requests, history);
  std::mt19937 random(std::random_device{}());
  for (int i = 0; !clients.wait(0, Clock::now() + 300ms); ++i) {
    const bool isBroker = i % 4 == 3;
    Role& victim = isBroker ? broker.process : *workers[random() % kWorkers];
    history.fault(isBroker ? "broker paused" : "worker paused");
    victim.pause();
    clients.wait(0, Clock::now() + 500ms);  // longer than silence lasts
    victim.resume();
  }
}

int run(const std::vector<std::string>& arguments) {
  const std::string& role = arguments.at(0);
  if (role == "worker" || role == "broker") ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (role == "worker") beWorker(arguments.at(1), arguments.at(2));
  if (role == "broker") beBroker(arguments.at(1), arguments.at(2));
  History history(arguments.at(2));
  const int requests = std::stoi(arguments.at(1));
  if (role == "workers") killWorkers(requests, history);
  if (role == "restarts") restartBroker(requests, history);
  if (role == "pauses") pauseInTurn(requests, history);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fault: %s\n", error.what());
    return 1;
  }
}
