// Any number of calls under way, from eight threads that have 64 each, while those who handle them are killed with -9: some
// calls are given too little time, some are cancelled, and what each comes to is counted. tests/faults.sh runs both.
//
//   calls broker <calls> <milliseconds between kills>      through a Broker, whose Workers are killed
//   calls services <calls> <milliseconds between kills>    straight to Services, which are killed
//
// It fails unless every call had one outcome, and the one that it may have; no reply was another call's; and nothing was kept
// of calls that are over.

#include <poll.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <dividere.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "golden.pb.h"
#include "support/eventually.hpp"
#include "support/role.hpp"

namespace {

using namespace std::chrono_literals;
using dividere::Call;
using dividere::Errc;
using dividere::Outcome;
using dividere::reactor::Later;
using dividere::reactor::Sender;
using support::Role;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kThreads = 8;
constexpr std::size_t kInFlight = 64;
constexpr int kProcesses = 4;
constexpr auto kLongest = 120s;     // for a call that is to have its reply
constexpr auto kNoProgress = 100s;  // after which it is given up
constexpr const char* kName = "demo.Numbers";

/// What becomes of a call: one of twenty has too little time, and one of twenty is cancelled.
enum class Fate { replied, late, cancelled };

Fate fateOf(int number) {
  if (number % 20 == 7) return Fate::late;
  if (number % 20 == 13) return Fate::cancelled;
  return Fate::replied;
}

/// Of those that are late or cancelled half are handled until nobody wants them any more.
bool isStalled(int number) { return fateOf(number) != Fate::replied && number % 40 < 20; }

std::string valueOf(int number) { return std::to_string(1ll * number * number % 1000003); }

Msg02 requestOf(int number) {
  Msg02 request;
  request.set_field1(isStalled(number) ? "stall" : "");
  request.set_field2(number);
  return request;
}

Msg02 replyTo(const Msg02& request) {
  Msg02 reply;
  reply.set_field1(valueOf(request.field2()));
  reply.set_field2(request.field2());
  return reply;
}

std::chrono::milliseconds someTime(int most) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::chrono::milliseconds(random() % static_cast<unsigned>(most + 1));
}

// --- Those who handle them ---

/// Waits until the request is given up, but not for long.
void stall(Sender& sender) {
  std::mutex mutex;
  std::condition_variable changed;
  bool isCancelled = false;
  sender.onCancel([&] {
    const std::lock_guard<std::mutex> lock(mutex);
    isCancelled = true;
    changed.notify_all();
  });
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait_for(lock, std::min<std::chrono::milliseconds>(sender.remaining(), 100ms), [&] { return isCancelled; });
  }
  sender.onCancel(nullptr);
}

Msg02 handle(const Msg02& request, Sender& sender) {
  if (request.field1() == "stall") stall(sender);
  if (request.field2() % 50 == 0) ::poll(nullptr, 0, static_cast<int>(someTime(2).count()));
  return replyTo(request);
}

void beWorker(const std::string& endpoint) {
  dividere::balancing::Worker worker(endpoint);
  worker.on(handle);
  worker.start();
  std::puts("there");
  std::fflush(stdout);
  dividere::waitForSignal();
}

/// Replies when it is time.
class LateReplier {
 public:
  void add(Later later, Msg02 reply, std::chrono::milliseconds delay) {
    const std::lock_guard<std::mutex> lock(mutex_);
    due_.emplace(Clock::now() + delay, std::pair(std::move(later), std::move(reply)));
    changed_.notify_one();
  }

  [[noreturn]] void run() {
    for (std::unique_lock<std::mutex> lock(mutex_);;) {
      if (due_.empty()) {
        changed_.wait(lock);
      } else if (due_.begin()->first > Clock::now()) {
        changed_.wait_until(lock, Clock::time_point(due_.begin()->first));
      } else {
        auto next = due_.extract(due_.begin());
        lock.unlock();
        next.mapped().first.send(next.mapped().second);
        lock.lock();
      }
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Clock::time_point, std::pair<Later, Msg02>> due_;
};

dividere::registry::Location locationOf(const std::string& port) {
  return {"127.0.0.1", static_cast<std::uint16_t>(std::stoi(port))};
}

/// Some handlers of a Service reply in their own thread, some later from another.
void beService(const std::string& registryPort, const std::string& threads) {
  dividere::service::ServiceOptions options;
  options.registries = {locationOf(registryPort)};
  options.advertise = "127.0.0.1";
  options.threads = std::stoi(threads);
  options.lease = 2s;
  LateReplier replier;
  dividere::service::Service service(kName, options);
  service.on([&](const Msg02& request, Sender& sender) {
    if (request.field1() == "stall") return replier.add(sender.defer(), replyTo(request), 100ms);
    if (request.field2() % 10 == 0) return replier.add(sender.defer(), replyTo(request), someTime(5));
    sender.send(replyTo(request));
  });
  if (!service.start(30s)) throw std::runtime_error("no registry");
  std::puts("there");
  std::fflush(stdout);
  replier.run();
}

// --- What became of the calls ---

class Book {
 public:
  explicit Book(std::size_t calls) : ends_(calls) {}

  void end(int number, const Outcome<Msg02>& outcome) {
    if (ends_[static_cast<std::size_t>(number)]++ != 0) ++twice;
    count(number, outcome);
    ++ended;
  }

  std::size_t lost() const {
    return static_cast<std::size_t>(
        std::count_if(ends_.begin(), ends_.end(), [](const auto& ends) { return ends == 0; }));
  }

  /// What a call came to that it may not come to: how often, by what it says.
  std::map<std::string, std::size_t> wrong() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return wrong_;
  }

  std::atomic<std::size_t> ended{0}, replied{0}, late{0}, cancelled{0}, mixedUp{0}, twice{0};

 private:
  void count(int number, const Outcome<Msg02>& outcome) {
    const Fate fate = fateOf(number);
    const auto code = outcome.error().code();
    if (outcome) {
      ++replied;
      if (outcome->field2() != number || outcome->field1() != valueOf(number)) ++mixedUp;
    } else if (fate == Fate::late &&
               (code == Errc::deadlinePassed || code == Errc::gaveUp)) {  // its instance died last
      ++late;
    } else if (code == Errc::cancelled && fate == Fate::cancelled) {
      ++cancelled;
    } else {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++wrong_[outcome.error().what()];
    }
  }

  std::vector<std::atomic<std::uint8_t>> ends_;
  std::mutex mutex_;
  std::map<std::string, std::size_t> wrong_;
};

/// One thread's calls. A call is begun when another has ended; each call's own thread cancels it, a while after.
template <class Client>
class Caller {
 public:
  Caller(Client& client, Book& book, std::shared_ptr<int> token)
      : client_(client), book_(book), token_(std::move(token)) {
    for (std::size_t i = 0; i < kInFlight; ++i) free_.push_back(i);
  }

  void run(int begin, int end) {
    for (int number = begin; number < end; ++number) {
      const std::size_t slot = take();
      start(number, slot);
      cancelDue();
    }
    for (Doomed& each : doomed_) each.starts = 0;
    cancelDue();
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return free_.size() == kInFlight; });
  }

 private:
  struct Slot {
    int number = 0;
    std::optional<Call<Msg02>> call;
  };

  struct Doomed {
    std::size_t slot;
    int number;
    int starts;  // of others, before it is cancelled
  };

  std::size_t take() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return !free_.empty(); });
    const std::size_t slot = free_.front();
    free_.pop_front();
    return slot;
  }

  void start(int number, std::size_t slot) {
    const auto time = fateOf(number) == Fate::late ? std::chrono::milliseconds(1) + someTime(20) : kLongest;
    auto whenDone = [this, number, slot, token = token_](const Outcome<Msg02>& outcome) {
      book_.end(number, outcome);
      const std::lock_guard<std::mutex> lock(mutex_);
      free_.push_back(slot);
      changed_.notify_one();
    };
    slots_[slot] = {number, std::nullopt};
    if (fateOf(number) != Fate::cancelled && number % 2 == 0) {
      return client_.template start<Msg02>(requestOf(number), time, std::function<void(Outcome<Msg02>)>(whenDone));
    }
    auto& call = slots_[slot].call;
    call.emplace(client_.template start<Msg02>(requestOf(number), time));
    call->then(whenDone);
    if (fateOf(number) == Fate::cancelled) doomed_.push_back({slot, number, static_cast<int>(someTime(60).count())});
  }

  /// Whose time has come; some are over by then, and their slots have other calls.
  void cancelDue() {
    for (Doomed& each : doomed_) {
      if (--each.starts < 0 && slots_[each.slot].number == each.number) slots_[each.slot].call->cancel();
    }
    doomed_.erase(std::remove_if(doomed_.begin(), doomed_.end(), [](const Doomed& each) { return each.starts < 0; }),
                  doomed_.end());
  }

  Client& client_;
  Book& book_;
  const std::shared_ptr<int> token_;
  std::array<Slot, kInFlight> slots_;
  std::vector<Doomed> doomed_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::size_t> free_;  // under mutex_
};

// --- The run ---

/// What the process has in memory, in KiB.
long residentKiB() {
  long pages = 0, resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (!file || std::fscanf(file, "%ld %ld", &pages, &resident) != 2) throw std::runtime_error("/proc/self/statm");
  std::fclose(file);
  return resident * ::sysconf(_SC_PAGESIZE) / 1024;
}

struct Run {
  int calls;
  std::chrono::milliseconds period;                 // between kills
  std::function<std::unique_ptr<Role>(int)> start;  // another of those that handle calls
};

/// Whoever handles calls is killed, one of them at a time, until all calls have ended. Returns how many were.
int killUntilAllEnd(const Run& run, const Book& book, std::vector<std::unique_ptr<Role>>& roles) {
  std::mt19937 random(std::random_device{}());
  std::size_t ended = 0;
  auto progress = Clock::now();
  int killed = 0;
  while (book.ended < static_cast<std::size_t>(run.calls)) {
    ::poll(nullptr, 0, static_cast<int>(run.period.count()));
    if (ended != book.ended) progress = Clock::now();
    ended = book.ended;
    if (Clock::now() > progress + kNoProgress + kLongest)
      throw std::runtime_error(std::to_string(book.lost()) + " calls do not end");
    const std::size_t victim = random() % kProcesses;
    roles[victim]->kill();
    roles[victim] = run.start(++killed);
  }
  return killed;
}

/// Whether the calls came to what they may come to.
template <class Client>
bool judge(Client& client, const Run& run) {
  Book book(static_cast<std::size_t>(run.calls));
  const auto token = std::make_shared<int>();
  std::vector<std::unique_ptr<Role>> roles;
  for (int i = 0; i < kProcesses; ++i) roles.push_back(run.start(i));
  for (const auto& role : roles) role->line();                 // it is there
  client.template start<Msg02>(requestOf(0), kLongest).get();  // and the client knows it
  const auto begun = Clock::now();
  std::vector<std::thread> threads;
  std::atomic<long> early{0};  // memory, once it has settled
  for (std::size_t i = 0; i < kThreads; ++i) {
    const auto at = [&](std::size_t part) {
      return static_cast<int>(static_cast<std::size_t>(run.calls) * part / kThreads);
    };
    threads.emplace_back([&, begin = at(i), end = at(i + 1)] {
      Caller<Client> caller(client, book, token);
      caller.run(begin, begin + (end - begin) / 4);
      early = residentKiB();
      caller.run(begin + (end - begin) / 4, end);
    });
  }
  const int killed = killUntilAllEnd(run, book, roles);
  for (std::thread& thread : threads) thread.join();
  const auto seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  const long grown = residentKiB() - early;
  const bool isLetGo = support::eventually([&] { return token.use_count() == 1; });

  std::printf("%d calls, %.0f a second, %d killed: %zu replied to, %zu late, %zu cancelled\n", run.calls,
              run.calls / seconds, killed, book.replied.load(), book.late.load(), book.cancelled.load());
  std::printf("mixed up %zu, lost %zu, ended twice %zu, kept %ld; memory grew by %ld KiB after the first quarter\n",
              book.mixedUp.load(), book.lost(), book.twice.load(), token.use_count() - 1, grown);
  const auto wrong = book.wrong();
  for (const auto& [what, count] : wrong) std::printf("%zu: %s\n", count, what.c_str());
  return wrong.empty() && book.mixedUp == 0 && book.lost() == 0 && book.twice == 0 && isLetGo && grown < 16 * 1024;
}

bool throughBroker(Run run) {
  dividere::balancing::BrokerOptions options;
  options.maxAttempts = 100;  // kills are at random: nothing is wrong with a request that was hit three times
  dividere::balancing::Broker broker(0, 0, options);
  run.start = [back = "tcp://127.0.0.1:" + std::to_string(broker.backPort())](int) {
    return std::make_unique<Role>(std::vector<std::string>{"worker", back});
  };
  dividere::balancing::Client client("tcp://127.0.0.1:" + std::to_string(broker.frontPort()));
  const bool isRight = judge(client, run);
  const bool isEmpty = support::eventually([&] { return broker.stats().waiting + broker.stats().inFlight == 0; });
  const auto stats = broker.stats();
  std::printf(
      "broker: read %zu, replied %zu, errors %zu (expired %zu), cancelled %zu, given again %zu, late %zu; at the end "
      "%zu wait, %zu "
      "are at workers\n",
      static_cast<std::size_t>(stats.read), static_cast<std::size_t>(stats.replied),
      static_cast<std::size_t>(stats.errors), static_cast<std::size_t>(stats.expired),
      static_cast<std::size_t>(stats.cancelled), static_cast<std::size_t>(stats.redispatched),
      static_cast<std::size_t>(stats.late), stats.waiting, stats.inFlight);
  return isRight && isEmpty;
}

bool atServices(Run run) {
  dividere::registry::ServerOptions ports;
  ports.port = 0;
  dividere::registry::Server registry(ports);
  const std::string port = std::to_string(registry.port());
  run.start = [port](int number) {
    return std::make_unique<Role>(std::vector<std::string>{"service", port, number % 2 == 0 ? "1" : "3"});
  };
  dividere::service::ClientOptions options;
  options.registries = {locationOf(port)};
  options.resends = 100;
  options.patience = 60s;
  options.refresh = 500ms;
  dividere::service::Client client(kName, options);
  return judge(client, run);
}

int run(const std::vector<std::string>& arguments) {
  const std::string& role = arguments.at(0);
  if (role == "worker" || role == "service") ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (role == "worker") beWorker(arguments.at(1));
  if (role == "service") beService(arguments.at(1), arguments.at(2));
  const Run run{std::stoi(arguments.at(1)), std::chrono::milliseconds(std::stoi(arguments.at(2))), nullptr};
  return (role == "broker" ? throughBroker(run) : atServices(run)) ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "calls: %s\n", error.what());
    return 1;
  }
}
