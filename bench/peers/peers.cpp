// The same protobuf messages by dividere, bare libzmq, NATS, gRPC, NNG and gz-transport, as far as they are installed: rates
// that reach one subscriber in another process, and round trips. All have the same conditions: two processes for each, and
// never more than some hundred messages under way, so that none has to drop any.

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "../process.hpp"
#include "../samples.hpp"
#include "peer.hpp"

namespace bench {

namespace {

std::vector<Peer> allPeers() {
  return {
      dividerePeer(), libzmqPeer(),
#ifdef BENCH_NATS
      natsPeer(),
#endif
#ifdef BENCH_GRPC
      grpcPeer(),
#endif
#ifdef BENCH_NNG
      nngPeer(),
#endif
#ifdef BENCH_GZ
      gzPeer(),
#endif
  };
}

Peer peerNamed(const std::string& name) {
  for (Peer& peer : allPeers()) {
    if (peer.name == name) return peer;
  }
  throw std::runtime_error("no peer is called " + name);
}

// --- The process that publishes ---

/// Publishes as many as "<bytes> <count>" says.
void host(const Arguments& arguments) {
  const auto host = peerNamed(arguments.at(0)).host();
  tell(host->where());
  Sample sample;
  for (std::string text; heard(text);) {
    std::istringstream words(text);
    std::size_t bytes = 0, count = 0;
    words >> bytes >> count;
    if (sample.ByteSizeLong() != bytes) sample = makeSample(bytes);
    for (std::size_t i = 0; i < count; ++i) host->publish(sample);
  }
}

// --- The process that receives and asks ---

constexpr std::chrono::milliseconds kLong{10000}, kShort{100};

class Driver {
 public:
  explicit Driver(const std::string& name)
      : name_(name), host_({"host", name}), link_(peerNamed(name).link(host_.line())) {}

  /// Returns when what is published is received, and nothing is under way.
  void begin() {
    for (bool isThere = false; !isThere;) {
      host_.say("64 1");
      ++said_;
      for (Sample sample; link_->receive(sample, kShort); isThere = true) {
        if (++got_ == said_) return;  // nothing else can come: not to be waited for
      }
    }
  }

  /// Messages a second. A few batches are under way, and one more is asked for whenever one has come.
  double rate(std::size_t bytes, std::size_t count) {
    const std::size_t batch = bytes <= 1024 ? 100 : 8, batches = count / batch + 5;
    const std::string order = std::to_string(bytes) + " " + std::to_string(batch);
    std::size_t said = 0;
    for (; said < 4; ++said) host_.say(order);
    Sample sample;
    receive(sample);
    const auto start = Clock::now();
    for (std::size_t i = 1; i < batches * batch; ++i) {
      receive(sample);
      if ((i + 1) % batch == 0 && said < batches) host_.say(order), ++said;
    }
    require(sample.ByteSizeLong() == bytes, name_ + ": another message was received");
    return static_cast<double>(batches * batch - 1) / secondsSince(start);
  }

  /// Microseconds, one turn long.
  std::vector<double> trips(std::size_t bytes) {
    const Sample request = makeSample(bytes);
    Sample reply;
    link_->ask(request, reply);
    std::vector<double> times;
    auto before = Clock::now();
    for (const auto end = before + turn(); before < end;) {
      link_->ask(request, reply);
      const auto after = Clock::now();
      times.push_back(std::chrono::duration<double, std::micro>(after - before).count());
      before = after;
    }
    return times;
  }

 private:
  void receive(Sample& sample) { require(link_->receive(sample, kLong), name_ + ": nothing comes any more"); }

  const std::string name_;
  Child host_;
  std::unique_ptr<Link> link_;
  std::size_t said_ = 0, got_ = 0;
};

/// Does as "rate <bytes> <count>" or "trips <bytes>" says, and tells the figures.
void drive(const Arguments& arguments) {
  Driver driver(arguments.at(0));
  driver.begin();
  tell("there");
  for (std::string text; heard(text);) {
    std::istringstream words(text);
    std::string what;
    std::size_t bytes = 0, count = 0;
    words >> what >> bytes >> count;
    if (what == "rate") {
      tell(std::to_string(driver.rate(bytes, count)));
    } else {
      auto times = driver.trips(bytes);
      tell(std::to_string(percentile(times, 0.5)) + " " + std::to_string(percentile(times, 0.99)));
    }
  }
}

// --- The one that compares ---

/// What each peer's turns yielded, a column each.
using Columns = std::vector<std::vector<double>>;

/// ours is the first column.
void rows(const std::string& work, const std::string& unit, const std::vector<std::string>& names,
          const Columns& columns) {
  for (std::size_t i = 1; i < columns.size(); ++i) {
    row(work + " against " + names[i], unit, compare(Turns<double>{columns[0], columns[i]}));
  }
}

class Comparison {
 public:
  Comparison() {
    for (const Peer& peer : allPeers()) {
      try {
        children_.push_back(begun(peer.name));
        names_.push_back(peer.name);
      } catch (const std::exception& error) {
        std::cerr << peer.name << " is left out: " << error.what() << std::endl;
      }
    }
  }

  void rates(std::size_t bytes) {
    std::vector<std::size_t> counts;
    for (std::size_t i = 0; i < children_.size(); ++i) {
      const double once = rate(i, bytes, bytes > 1024 ? 100 : 5000);
      counts.push_back(static_cast<std::size_t>(once * 3 * std::chrono::duration<double>(turn()).count()));
    }
    Columns rates(children_.size());
    eachInTurn([&](std::size_t i) { rates[i].push_back(rate(i, bytes, counts[i])); });
    rows("pub/sub " + sizeName(bytes), "msgs/s", names_, rates);
  }

  void trips(std::size_t bytes) {
    Columns middle(children_.size()), late(children_.size());
    eachInTurn([&](std::size_t i) {
      std::istringstream figures(ask(i, "trips " + std::to_string(bytes)));
      double p50 = 0, p99 = 0;
      figures >> p50 >> p99;
      middle[i].push_back(p50);
      late[i].push_back(p99);
    });
    rows("round trip " + sizeName(bytes) + " p50", "us", names_, middle);
    rows("round trip " + sizeName(bytes) + " p99", "us", names_, late);
  }

 private:
  static std::unique_ptr<Child> begun(const std::string& name) {
    auto child = std::make_unique<Child>(Arguments{"drive", name});
    require(child->line() == "there", "it does not begin");
    return child;
  }

  /// A peer that loses a message fails its turn, and has it again with new processes.
  std::string ask(std::size_t peer, const std::string& what) {
    for (int turnsLeft = 5;; --turnsLeft) {
      try {
        return children_[peer]->ask(what);
      } catch (const std::exception&) {
        if (turnsLeft == 1) throw;
        std::cerr << names_[peer] << ": a turn failed, and is repeated" << std::endl;
        children_[peer] = begun(names_[peer]);
      }
    }
  }

  double rate(std::size_t peer, std::size_t bytes, std::size_t count) {
    return std::stod(ask(peer, "rate " + std::to_string(bytes) + " " + std::to_string(count)));
  }

  /// Round after round, each time beginning with another one: what disturbs falls on all.
  template <class Once>
  void eachInTurn(const Once& once) {
    const std::size_t size = children_.size();
    for (int round = 0; round < rounds(); ++round) {
      for (std::size_t i = 0; i < size; ++i) once((i + static_cast<std::size_t>(round)) % size);
    }
  }

  std::vector<std::string> names_;
  std::vector<std::unique_ptr<Child>> children_;
};

void measure() {
  Comparison comparison;
  for (const std::size_t bytes : {64u, 1u << 10, 64u << 10, 1u << 20}) comparison.rates(bytes);
  for (const std::size_t bytes : {64u, 1u << 10, 64u << 10}) comparison.trips(bytes);
}

}  // namespace

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv, {{"host", bench::host}, {"drive", bench::drive}}, bench::measure);
}
