// Signals that interrupt a thread while it makes and destroys sockets.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/time.h>
#include <dividere.hpp>

#include <filesystem>
#include <iterator>
#include <string>

#include "support/eventually.hpp"
#include "support/local.hpp"
#include "support/temp_dir.hpp"

using namespace dividere::connection;
using namespace support;

namespace {

/// Interrupts the main thread some thousand times a second; the library's threads and libzmq's take no signals.
class SignalStorm {
 public:
  SignalStorm() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    ::sigaction(SIGALRM, &action, &before_);
    set(100);
  }
  ~SignalStorm() {
    set(0);
    ::sigaction(SIGALRM, &before_, nullptr);
  }
  SignalStorm(const SignalStorm&) = delete;
  SignalStorm& operator=(const SignalStorm&) = delete;

 private:
  static void set(int microseconds) {
    itimerval timer{};
    timer.it_value.tv_usec = timer.it_interval.tv_usec = microseconds;
    ::setitimer(ITIMER_REAL, &timer, nullptr);
  }

  struct sigaction before_ {};
};

std::ptrdiff_t openDescriptors() {
  const std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

}  // namespace

TEST_CASE("signals disturb neither the making of sockets nor their end: nothing throws, and nothing stays open") {
  const TempDir dir;
  { const Publisher first("tcp://127.0.0.1:*"); }
  std::ptrdiff_t before = 0;
  REQUIRE(eventually([&] { return std::exchange(before, openDescriptors()) == openDescriptors(); }));
  int failed = 0;
  {
    const SignalStorm storm;
    for (int i = 0; i < 500; ++i) {
      try {
        const Publisher publisher(i % 2 == 0 ? "tcp://127.0.0.1:*" : dir.ipc("signals"));
        const Subscriber subscriber(publisher.endpoint());
        const Response response("inproc://signals");
        const Request request("inproc://signals");
      } catch (const dividere::Error& error) {
        ++failed;
        MESSAGE(error.what());
      }
    }
  }
  CHECK(failed == 0);
  CHECK(eventually([&] { return openDescriptors() <= before; }));
}
