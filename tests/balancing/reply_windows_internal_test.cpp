// What libzmq holds of replies for clients that take none.

#include "dividere/balancing/detail/reply_windows.hpp"

#include "dividere/connection/detail/router.hpp"
#include "dividere/connection/detail/watched_frame.hpp"
#include "kit.hpp"

using namespace kit;
using namespace dividere::detail;

namespace {

constexpr std::size_t kBig = 1000 * 1000;
constexpr std::size_t kFit = ReplyWindows::kWindow / kBig;  // of these

/// Windows in front of a ROUTER whose queue has no limit of its own.
struct Post {
  explicit Post(std::size_t most = 1000 * kBig)
      : front(router(), FrameHooks{}), windows(most, [this] { ++timesTold; }) {}

  static std::unique_ptr<Socket> router() {
    dividere::connection::SocketOptions options;
    options.sendQueue = 0;
    auto socket = std::make_unique<Socket>("test", ZMQ_ROUTER, options);
    setUpRouter(*socket);
    socket->bind("inproc://reply-windows");
    return socket;
  }

  SendResult send(const std::string& client, std::size_t size = kBig) {
    Multipart reply;
    reply.push(client);
    reply.push(std::string(size, 'r'));
    const SendResult result = windows.trySend(front, reply);
    if (result == SendResult::full) CHECK(reply.payload().size() == size);  // for the next try
    return result;
  }

  /// How many it takes.
  std::size_t fill(const std::string& client, std::size_t size = kBig) {
    std::size_t count = 0;
    while (count < 1000 && send(client, size) == SendResult::sent) ++count;
    return count;
  }

  FrameSource front;
  std::atomic<int> timesTold{0};
  ReplyWindows windows;
};

/// A client that is there, and reads when it is told to.
struct SlowClient : RawSocket {
  SlowClient(Post& post, const std::string& name)
      : RawSocket(ZMQ_DEALER, dividere::connection::Context::shared()->native()) {
    set(ZMQ_ROUTING_ID, name);
    set(ZMQ_RCVHWM, 0);
    connect("inproc://reply-windows");
    send({"hello"});
    post.front.socket().receive(Deadline::in(kLimit));
  }
};

}  // namespace

TEST_CASE("a watched frame has the bytes of the original, and tells once when the last copy of it is gone") {
  int released = 0;
  Frame original(std::string_view("some bytes"));
  {
    Frame made = watched(std::move(original), [&] { ++released; });
    CHECK(made.str() == "some bytes");
    Frame copy = made.share();
    made = Frame();
    CHECK(copy.str() == "some bytes");
    CHECK(released == 0);
  }
  CHECK(released == 1);
}

TEST_CASE("a client that reads nothing is sent replies up to the window's bytes, others are not concerned") {
  Post post;
  SlowClient slow(post, "slow"), other(post, "other");
  CHECK(post.fill("slow") == kFit);
  CHECK(post.fill("slow") == 0);
  CHECK(post.fill("other") == kFit);
  CHECK(post.timesTold == 0);
}

TEST_CASE("what a client reads makes room for the rest, which is told once to who found none") {
  Post post;
  SlowClient slow(post, "slow");
  REQUIRE(post.fill("slow") == kFit);
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(slow.recv());
    CHECK(post.timesTold == i);
    CHECK(post.fill("slow") == 1);
  }
  for (std::size_t i = 0; i < kFit; ++i) REQUIRE(slow.recv());
  CHECK(post.timesTold == 4);
  CHECK(post.fill("slow") == kFit);
}

TEST_CASE("one reply is sent however large it is, and small ones are not counted") {
  Post post;
  SlowClient slow(post, "slow");
  CHECK(post.fill("slow", 2 * ReplyWindows::kWindow) == 1);
  CHECK(post.fill("slow", ReplyWindows::kSmall / 2) == 1000);
  REQUIRE(slow.recv());
  CHECK(post.fill("slow", 2 * ReplyWindows::kWindow) == 1);
}

TEST_CASE("all clients together have a bound, but each has one reply") {
  Post post(kFit * kBig + kBig / 2);
  SlowClient first(post, "1"), second(post, "2"), third(post, "3");
  CHECK(post.fill("1") == kFit);
  CHECK(post.fill("2") == 1);
  CHECK(post.fill("3") == 1);
  REQUIRE(first.recv());
  REQUIRE(first.recv());
  REQUIRE(first.recv());
  CHECK(post.timesTold == 1);
  CHECK(post.fill("2") == 1);
}

TEST_CASE("what a client that is gone was sent is forgotten, and one that was never there holds nothing") {
  Post post(kFit * kBig + kBig / 2);
  {
    SlowClient slow(post, "slow");
    REQUIRE(post.fill("slow") == kFit);
  }
  CHECK(post.send("nobody") == SendResult::gone);
  SlowClient other(post, "other");
  CHECK(eventually([&] { return post.fill("other") > 0; }));
  CHECK(post.fill("other") + 1 <= kFit);
}

TEST_CASE("open windows have room for all there is") {
  Post post;
  SlowClient slow(post, "slow");
  REQUIRE(post.fill("slow") == kFit);
  post.windows.open();
  CHECK(post.fill("slow") == 1000);
}

TEST_CASE("what is released when the windows are no more tells nobody") {
  auto post = std::make_unique<Post>();
  SlowClient slow(*post, "slow");
  REQUIRE(post->fill("slow") == kFit);
  post.reset();
  for (std::size_t i = 0; i < kFit; ++i) CHECK(slow.recv());
}
