// A thousand jobs in flight from one thread: some fail, some are cancelled, and one of the three workers is killed while they
// run. Every job has one outcome. Progress goes to stderr.

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <dividere.hpp>
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include "clientMsgs.pb.h"

using dividere::Call;
using dividere::Errc;
using dividere::Outcome;

int beWorker(const std::string& port) {
  dividere::balancing::Worker worker("tcp://localhost:" + port);
  worker.on([](const Msg02& job) {
    if (job.field2() % 100 == 99) throw dividere::Failure(job.field2(), "this one cannot be done");
    usleep(1000);  // sleep ok: the work that a job would be
    Msg02 result;
    result.set_field2(job.field2() * 2);
    return result;
  });
  worker.start();
  for (;;) pause();
}

pid_t startWorker(std::uint16_t backPort) {
  std::string name = "many_jobs", port = std::to_string(backPort);
  char* arguments[] = {name.data(), port.data(), nullptr};
  pid_t child = 0;
  posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments, environ);
  return child;
}

struct Tally {
  std::atomic<int> done{0}, failed{0}, cancelled{0}, ended{0};
  std::promise<void> half, all;

  void add(Outcome<Msg02>& outcome) {
    if (outcome) {
      ++done;
    } else {
      ++(outcome.error().code() == Errc::cancelled ? cancelled : failed);
    }
    const int count = ++ended;
    if (count % 20 == 0)
      std::cerr << "\r[" << std::string(static_cast<std::size_t>(count / 20), '#')
                << std::string(static_cast<std::size_t>(50 - count / 20), ' ') << "]";
    if (count == 500) half.set_value();
    if (count == 1000) all.set_value();
  }
};

int main(int argc, char** argv) {
  if (argc > 1) return beWorker(argv[1]);

  dividere::balancing::Broker broker(0, 0);
  std::vector<pid_t> workers;
  for (int i = 0; i < 3; ++i) workers.push_back(startWorker(broker.backPort()));

  Tally tally;
  dividere::balancing::Client client("tcp://localhost:" + std::to_string(broker.frontPort()));
  for (int i = 0; i < 1000; ++i) {
    Msg02 job;
    job.set_field2(i);
    Call<Msg02> call = client.start<Msg02>(job, std::chrono::seconds(60));
    call.then([&](Outcome<Msg02> outcome) { tally.add(outcome); });  // in a thread of the client
    if (i % 100 == 98) call.cancel();
  }
  tally.half.get_future().wait();
  kill(workers[0], SIGKILL);  // what it had is done by another one
  tally.all.get_future().wait();
  std::cerr << "\n";
  std::cout << tally.done << " done, " << tally.failed << " failed, " << tally.cancelled << " cancelled\n";

  for (const pid_t worker : workers) {
    kill(worker, SIGTERM);
    waitpid(worker, nullptr, 0);
  }
}
