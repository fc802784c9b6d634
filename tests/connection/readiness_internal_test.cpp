// The descriptor for loops of one's own, where no signal tells of a message.
#include <doctest/doctest.h>
#include <poll.h>
#include <dividere.hpp>

#include <chrono>
#include <memory>
#include <string>

#include "dividere/connection/detail/access.hpp"
#include "dividere/connection/detail/audience.hpp"
#include "dividere/connection/detail/readiness.hpp"
#include "support/limit.hpp"

using namespace support;
using namespace dividere::detail;
using std::chrono::milliseconds;

namespace {

bool isReadable(int fd, milliseconds limit = milliseconds(0)) {
  pollfd wait{fd, POLLIN, 0};
  return ::poll(&wait, 1, static_cast<int>(limit.count())) > 0;
}

/// Holds two messages of its own back, until they are due.
class Holding final : public Intake {
 public:
  explicit Holding(Clock::time_point due) { due_ = due; }
  bool takes(Multipart&) override { return true; }
  const Frame& takeHeld() override {
    hasHeld_ = --left_ > 0;
    return held_;
  }
  void onDue() override {
    hasHeld_ = true;
    due_ = Clock::time_point::max();
  }
  bool unwrap(Multipart&) override { return false; }
  bool notes(std::string_view, std::string_view&) override { return false; }
  void skips(std::size_t) override {}
  void hands(std::string_view) override {}

 private:
  int left_ = 2;
  Frame held_{std::string_view("held")};
};

}  // namespace

TEST_CASE("a descriptor for a loop is readable at a time that is set, until that changes") {
  const Waker signals;
  Readiness readiness(signals.fd());
  CHECK_FALSE(isReadable(readiness.descriptor()));
  readiness.lookAt(Deadline::Clock::now() + milliseconds(1));
  CHECK(isReadable(readiness.descriptor(), kLimit));
  readiness.lookAt(Deadline::Clock::time_point::max());
  CHECK_FALSE(isReadable(readiness.descriptor()));
  readiness.lookAt(Deadline::Clock::now() - milliseconds(1));
  CHECK(isReadable(readiness.descriptor(), kLimit));
}

TEST_CASE("a Subscriber's descriptor tells of messages that were held back, when they are due and while one is left") {
  const dividere::connection::Publisher publisher("tcp://127.0.0.1:*");
  dividere::connection::Subscriber subscriber(publisher.endpoint());
  Access::setIntake(subscriber, std::make_unique<Holding>(Deadline::Clock::now() + milliseconds(200)));
  const int fd = subscriber.descriptor();
  int received = 0;
  while (received < 2 && isReadable(fd, kLimit)) {
    if (subscriber.recv(milliseconds(0))) ++received;
  }
  CHECK(received == 2);
}

TEST_CASE("a Publisher's descriptor stays readable though the watcher reads what has come") {
  const dividere::connection::Publisher publisher("tcp://127.0.0.1:*");
  const int fd = publisher.descriptor();
  CHECK(publisher.subscribers() == 0);
  const dividere::connection::Subscriber subscriber(publisher.endpoint());
  auto& audience = Access::audienceOf(publisher);
  const auto before = audience.newsRead.load();
  while (audience.newsRead == before) {
    REQUIRE(isReadable(fd, kLimit));
    audience.readNewsIfIdle();
  }
  CHECK(isReadable(fd));
  CHECK(publisher.subscribers() == 1);
}
