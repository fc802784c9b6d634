// What a publisher would gain that gathers messages into one frame while its I/O thread is busy, and what that costs a lone
// message: bare libzmq, one process, a frame a message as the baseline (doc/speed.md).

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bare.hpp"
#include "process.hpp"

namespace bench {

constexpr std::size_t kMessage = 116;  // an envelope of 64 bytes
constexpr std::size_t kLargestBundle = 32 << 10;

/// Frames that libzmq has not let go of: those in its queue, and not yet written to the socket.
std::atomic<int> underWay{0};

void release(void* data, void*) {
  std::free(data);
  underWay.fetch_sub(1, std::memory_order_relaxed);
}

class Sender {
 public:
  enum class How {
    plain,    // a frame a message
    flusher,  // another thread sends whatever has gathered while it sent the last frame
    adaptive  // the same, but only while so many frames are under way; else the caller sends
  };

  explicit Sender(How how) : how_(how) {
    socket_.set(ZMQ_SNDHWM, 0);
    where_ = socket_.bind("tcp://127.0.0.1:*");
    if (how != How::plain) flusher_ = std::thread([this] { flush(); });
  }
  ~Sender() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      isOver_ = true;
    }
    gatheredSome_.notify_one();
    if (flusher_.joinable()) flusher_.join();
  }

  const std::string& where() const { return where_; }
  void awaitSubscriber() { socket_.receive(); }

  void send(std::string_view message) {
    bool isFirst = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (how_ == How::plain || (how_ == How::adaptive && gathered_.empty() && underWay <= kDepth)) {
        return sendFrame(message);
      }
      isFirst = gathered_.empty();
      gathered_ += message;
      if (gathered_.size() >= kLargestBundle) sendGathered();
    }
    if (isFirst) gatheredSome_.notify_one();
  }

 private:
  static constexpr int kDepth = 8;

  void sendFrame(std::string_view bytes) {
    void* const data = std::malloc(bytes.size());
    std::memcpy(data, bytes.data(), bytes.size());
    zmq_msg_t frame;
    zmq_msg_init_data(&frame, data, bytes.size(), release, nullptr);
    underWay.fetch_add(1, std::memory_order_relaxed);
    zmq_msg_send(&frame, socket_.native(), 0);
  }

  void sendGathered() {
    sendFrame(gathered_);
    gathered_.clear();
  }

  void flush() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      gatheredSome_.wait(lock, [this] { return isOver_ || !gathered_.empty(); });
      if (gathered_.empty()) return;
      sendGathered();
    }
  }

  const How how_;
  BareSocket socket_{ZMQ_XPUB};  // under mutex_
  std::string where_;
  std::mutex mutex_;
  std::condition_variable gatheredSome_;
  std::string gathered_;  // under mutex_
  bool isOver_ = false;   // under mutex_
  std::thread flusher_;
};

class Line {
 public:
  explicit Line(Sender::How how) : sender_(how) {
    receiver_.set(ZMQ_RCVHWM, 0);
    receiver_.subscribe("");
    receiver_.connect(sender_.where());
    sender_.awaitSubscriber();
  }

  /// Messages a second.
  double rate(std::size_t count) {
    const auto start = Clock::now();
    std::thread sending([&] {
      for (std::size_t i = 0; i < count; ++i) sender_.send(message_);
    });
    for (std::size_t bytes = 0; bytes < count * kMessage;) bytes += receiver_.receive();
    const double seconds = secondsSince(start);
    sending.join();
    return static_cast<double>(count) / seconds;
  }

  void sendOne() {
    sender_.send(message_);
    receiver_.receive();
  }

 private:
  const std::string message_ = std::string(kMessage, 'x');
  Sender sender_;
  BareSocket receiver_{ZMQ_SUB};
};

void compareWithPlain(Sender::How how, const std::string& name) {
  Line line(how), plain(Sender::How::plain);
  const std::size_t count = quick ? 50000 : 200000;
  row("bundles: " + name, "msgs/s",
      compare(interleave(
          rounds(), [&] { return line.rate(count); }, [&] { return plain.rate(count); })));
  const Times times = interleaveTimes([&] { line.sendOne(); }, [&] { plain.sendOne(); });
  row("bundles: " + name + ": a lone message p50", "us", times.at(0.5), atMost(1.05));
  row("bundles: " + name + ": a lone message p99", "us", times.at(0.99));
}

void measure() {
  compareWithPlain(Sender::How::flusher, "sent by another thread");
  compareWithPlain(Sender::How::adaptive, "gathered while 8 frames are under way");
}

}  // namespace bench

int main(int argc, char** argv) { return bench::run(argc, argv, {}, bench::measure); }
