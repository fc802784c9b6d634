// A thousand Subscribers come at once, and each gets what is kept, five messages of 1 MB, while a hundred others read small
// messages as fast as they can. Those get each of theirs once and in order, and go on meanwhile: the baseline is the same
// without newcomers. What is to be small is the longest pause; that they get less of two cores is as it must be.

#include <condition_variable>
#include <dividere.hpp>
#include <mutex>
#include <thread>

#include "process.hpp"
#include "samples.hpp"

namespace bench {

namespace {

constexpr std::size_t kReaders = 100, kKept = 5, kKeptBytes = 1000000;

std::size_t newcomers() { return quick ? 100 : 1000; }

/// Publishes what is kept, and then as many small messages as it is told to, numbered from 0 on.
void publish(const Arguments&) {
  dividere::messaging::PublisherOptions options;
  options.keep = kKept;
  dividere::messaging::Publisher publisher("tcp://127.0.0.1:*", options);
  const Blob blob = makeBlob(kKeptBytes);
  for (std::size_t i = 0; i < kKept; ++i) publisher.send(blob);
  tell(publisher.endpoint());
  publisher.waitForSubscribers(kReaders, std::chrono::seconds(30));
  Sample sample = makeSample(64);
  std::uint64_t number = 0;
  for (std::string count; heard(count);) {
    for (const auto end = number + std::stoull(count); number < end; ++number) {
      sample.set_number(number);
      publisher.send(sample);
    }
  }
}

/// How far the readers are, and what they had to wait for a message.
class Progress {
 public:
  /// Each reader has got one more.
  void advance() {
    const auto now = Clock::now();
    const std::lock_guard<std::mutex> lock(mutex_);
    ++rounds_;
    pause_ = std::max<double>(pause_, std::chrono::duration<double, std::milli>(now - last_).count());
    last_ = now;
    advanced_.notify_one();
  }

  /// When so many more have come: how many in all, and the longest pause since none were asked for last.
  std::pair<std::uint64_t, double> after(std::uint64_t rounds) {
    std::unique_lock<std::mutex> lock(mutex_);
    advanced_.wait(lock, [&, until = rounds_ + rounds] { return rounds_ >= until; });
    return {rounds_, rounds == 0 ? std::exchange(pause_, 0.0) : pause_};
  }

 private:
  std::mutex mutex_;
  std::condition_variable advanced_;
  Clock::time_point last_ = Clock::now();
  std::uint64_t rounds_ = 0;
  double pause_ = 0;
};

/// Reads the small messages, of which two batches are under way: each reader has to get every one, in order.
[[noreturn]] void readAll(Child& publisher, std::vector<dividere::messaging::Subscriber>& readers, Progress& progress) {
  constexpr std::uint64_t kBatch = 100;
  const auto more = [&] { publisher.say(std::to_string(kBatch)); };
  more();
  Sample sample;
  for (std::uint64_t number = 0;; ++number, progress.advance()) {
    if (number % kBatch == 0) more();
    for (auto& reader : readers) {
      reader.recvInto(sample);
      require(sample.number() == number, "a reader got another message than the next one");
    }
  }
}

void read(const Arguments&) {
  Child publisher({"publisher"});
  const std::string endpoint = publisher.line();
  std::vector<dividere::messaging::Subscriber> readers;
  for (std::size_t i = 0; i < kReaders; ++i) readers.emplace_back(endpoint, dividere::messaging::types<Sample>());
  Progress progress;
  std::thread([&] { readAll(publisher, readers, progress); }).detach();
  tell(endpoint);
  for (std::string rounds; heard(rounds);) {
    const auto [all, pause] = progress.after(std::stoull(rounds));
    tell(std::to_string(all) + " " + std::to_string(pause));
  }
  std::_Exit(0);  // the other thread reads until then
}

struct Figures {
  double rate = 0, pause = 0;  // messages a second, to all readers together; milliseconds
};

class Scene {
 public:
  Scene() : readers_({"readers"}), endpoint_(readers_.line()) {}

  /// What the readers got while this was done.
  template <class Act>
  Figures during(const Act& act) {
    const double before = after(0).first;
    const auto start = Clock::now();
    act();
    const double seconds = secondsSince(start);
    const auto [all, pause] = after(0);
    return {(all - before) * kReaders / seconds, pause};
  }

  /// Comes with all newcomers, and leaves when each has got what is kept.
  void come() const {
    std::vector<dividere::messaging::Subscriber> all;
    for (std::size_t i = 0; i < newcomers(); ++i) all.emplace_back(endpoint_, dividere::messaging::types<Blob>());
    Blob blob;
    for (auto& each : all) {
      for (std::size_t i = 0; i < kKept; ++i) {
        require(each.recvInto(blob, std::chrono::seconds(60)), "a newcomer did not get what is kept");
        require(blob.ByteSizeLong() == kKeptBytes, "a newcomer got another message");
      }
      require(each.missed() == 0, "a newcomer missed a message");
    }
    for (auto& each : all) require(!each.wait(std::chrono::milliseconds(0)), "a newcomer got a message twice");
  }

  /// Until each reader has got so many more.
  std::pair<double, double> after(std::size_t rounds) {
    std::istringstream figures(readers_.ask(std::to_string(rounds)));
    std::pair<double, double> both;
    figures >> both.first >> both.second;
    return both;
  }

 private:
  Child readers_;
  const std::string endpoint_;
};

void measure() {
  Scene scene;
  const std::size_t rounds = quick ? 10000 : 50000;
  scene.after(rounds);  // to warm up
  const Figures bare = scene.during([&] { scene.after(rounds); });
  const auto start = Clock::now();
  const Figures ours = scene.during([&] { scene.come(); });
  const double seconds = secondsSince(start);
  const std::string work = std::to_string(newcomers()) + " newcomers of 5 x 1 MB: ";
  row(work + "100 others of 64 B", "msgs/s in all", {ours.rate, bare.rate, ours.rate / bare.rate});
  row(work + "longest pause of the others", "ms", {ours.pause, bare.pause, ours.pause / bare.pause});
  row(work + "all served after", "s", seconds);
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv, {{"publisher", bench::publish}, {"readers", bench::read}}, bench::measure);
}
