// What the hot path allocates in the calling thread: a program of its own, as it replaces malloc(3) to count. libzmq
// and protobuf's operator new end there too. Prints a line for each finding, and ends with 1 if one is wrong.

#include <dividere.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "golden.pb.h"

namespace {
thread_local int allocations = 0;
}

// The sanitizers bring a malloc of their own, and another C library none to call.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(DIVIDERE_THREAD_SANITIZER)
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define CANNOT_COUNT
#endif
#endif
#else
#define CANNOT_COUNT
#endif

#ifndef CANNOT_COUNT
// All of them, since a program that replaces malloc has to replace its kin.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);

void* malloc(std::size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) {
  ++allocations;
  return __libc_realloc(block, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  ++allocations;
  *block = __libc_memalign(alignment, size);
  return *block ? 0 : ENOMEM;
}
void free(void* block) { __libc_free(block); }
}
#endif

namespace {

constexpr std::chrono::seconds kLong{60};
constexpr int kRounds = 500;
// The queues of libzmq take memory for 256 messages at a time.
constexpr int kSpare = kRounds / 20;

bool good = true;

/// Runs `step` often, with `between` after each, and says how many allocations the steps took.
// (Of the messages: no oneof with text in it, for which protobuf itself allocates each time.)
void expect(const char* what, int each, const std::function<void()>& step, const std::function<void()>& between) {
  int total = 0;
  for (int i = -kRounds; i < kRounds; ++i) {  // the first half warms up
    const int before = allocations;
    step();
    if (i >= 0) total += allocations - before;
    between();
  }
  const bool right = total >= each * kRounds && total <= each * kRounds + kSpare;
  good = good && right;
  std::printf("%s: %d allocations in %d times, %s\n", what, total, kRounds, right ? "as it should" : "WRONG");
}

Tree sample() {
  Tree tree;
  tree.set_name("a name too long to be kept within a string");
  for (int i = 0; i < 3; ++i) tree.add_child()->set_name("another name too long to be kept within a string");
  for (int i = 0; i < 10; ++i) tree.add_delta(i);
  return tree;
}

template <class Sender, class Receiver>
void checkBothWays(const std::string& who, Sender& sender, Receiver& receiver) {
  const Tree tree = sample();
  Tree reused;
  expect((who + ": send").c_str(), 1, [&] { sender.send(tree); }, [&] { receiver.recvInto(reused); });
  // Waited for before, so that what is counted is the receiving and not the waiting.
  sender.send(tree);
  receiver.wait(kLong);
  expect((who + ": receive into a message that is reused").c_str(), 0, [&] { receiver.recvInto(reused); },
         [&] {
           sender.send(tree);
           receiver.wait(kLong);
         });
  expect((who + ": wait and receive").c_str(), 0,
         [&] {
           receiver.wait(kLong);
           receiver.recvInto(reused);
         },
         [&] { sender.send(tree); });
}

void checkQuestionsAndAnswers(dividere::messaging::Request& request, dividere::messaging::Response& response) {
  const Tree tree = sample();
  Tree reused;
  const auto finish = [&] {
    response.send(tree);
    request.recvInto(reused);
  };
  expect(
      "request: send", 1, [&] { request.send(tree); },
      [&] {
        response.recvInto(reused);
        finish();
      });
  const auto ask = [&] {
    request.send(tree);
    response.wait(kLong);
  };
  ask();
  expect(
      "response: receive", 0, [&] { response.recvInto(reused); },
      [&] {
        finish();
        ask();
      });
  const auto receive = [&] { response.recvInto(reused); };
  receive();
  expect(
      "response: send", 1, [&] { response.send(tree); },
      [&] {
        request.recvInto(reused);
        ask();
        receive();
      });
  const auto answer = [&] {
    response.send(tree);
    request.wait(kLong);
  };
  answer();
  expect(
      "request: receive", 0, [&] { request.recvInto(reused); },
      [&] {
        ask();
        receive();
        answer();
      });
}

}  // namespace

int main() {
#ifdef CANNOT_COUNT
  std::puts("allocations cannot be counted in this build");
  return 0;
#endif
  namespace messaging = dividere::messaging;

  const int before = allocations;
  void* volatile counted = std::malloc(1000);  // volatile: or a compiler may do without it
  std::free(counted);
  if (allocations == before) {
    std::puts("allocations are not counted: WRONG");
    return 1;
  }

  // clang 14 takes libstdc++ 12's std::string, as C++23, for one of a constant expression: it never has room.
  Msg01 reused;
  const std::string bytes = sample().child(0).SerializeAsString();
  static_cast<void>(reused.ParseFromString(bytes));
  const int beforeAgain = allocations;
  static_cast<void>(reused.ParseFromString(bytes));
  if (allocations != beforeAgain) {
    std::puts("protobuf allocates for each text that it reads in this build: nothing can be said of dividere");
    return 0;
  }

  messaging::Publisher publisher("tcp://*:*");
  messaging::Subscriber subscriber("tcp://localhost:" + std::to_string(publisher.port()), messaging::types<Tree>());
  if (!publisher.waitForSubscribers(1, kLong)) return 1;
  checkBothWays("publisher to subscriber", publisher, subscriber);

  messaging::Dealer bound("tcp://*:*");
  messaging::Dealer connected("tcp://localhost:" + std::to_string(bound.port()));
  checkBothWays("dealer to dealer", connected, bound);

  messaging::Response response("tcp://*:*");
  messaging::Request request("tcp://localhost:" + std::to_string(response.port()));
  checkQuestionsAndAnswers(request, response);

  return good ? 0 : 1;
}
