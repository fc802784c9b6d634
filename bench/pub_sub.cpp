// Messages a second that reach their subscribers, from a publisher in another process, against PUB and SUB. Neither side
// drops anything: the publisher waits for room, as it has to where throughput is to mean something.

#include <algorithm>
#include <dividere.hpp>
#include <memory>
#include <sstream>

#include "bare.hpp"
#include "dividere/connection/detail/access.hpp"
#include "dividere/messaging/detail/codec.hpp"
#include "process.hpp"
#include "samples.hpp"

namespace bench {

/// Does what is said: "await <subscribers>", replied to when they are there, and "send <bytes> <count>".
template <class Await, class Send>
void obey(const Await& await, const Send& send) {
  for (std::string text; heard(text);) {
    std::istringstream words(text);
    std::string verb;
    std::size_t first = 0, count = 0;
    words >> verb >> first >> count;
    if (verb == "await") {
      await(first);
      tell("there");
    } else {
      const Sample sample = makeSample(first);
      for (std::size_t i = 0; i < count; ++i) send(sample);
    }
  }
}

void publish(const Arguments&) {
  dividere::connection::SocketOptions options;
  options.waitWhenFull = true;
  dividere::messaging::Publisher publisher("tcp://127.0.0.1:*", options);
  tell(publisher.endpoint());
  obey([&](std::size_t subscribers) { publisher.waitForSubscribers(subscribers, std::chrono::seconds(30)); },
       [&](const Sample& sample) { publisher.send(sample); });
}

/// The same, and the last messages are kept for who comes late.
void publishKept(const Arguments&) {
  dividere::messaging::PublisherOptions options;
  options.socket.waitWhenFull = true;
  options.keep = 10;
  dividere::messaging::Publisher publisher("tcp://127.0.0.1:*", options);
  tell(publisher.endpoint());
  obey([&](std::size_t subscribers) { publisher.waitForSubscribers(subscribers, std::chrono::seconds(30)); },
       [&](const Sample& sample) { publisher.send(sample); });
}

/// The same without numbers, by which a subscriber knows what it missed, but with these bytes in their place.
void publishUnnumbered(std::string_view tail) {
  dividere::connection::SocketOptions options;
  options.waitWhenFull = true;
  dividere::connection::Publisher publisher("tcp://127.0.0.1:*", options);
  tell(publisher.endpoint());
  obey([&](std::size_t subscribers) { publisher.waitForSubscribers(subscribers, std::chrono::seconds(30)); },
       [&](const Sample& sample) {
         dividere::detail::Frame frame = dividere::detail::encodeFrame("bench", sample, {{}, tail});
         dividere::detail::Access::send(publisher, frame, nullptr);
       });
}

/// The same, and malloc() gives large blocks back to the system as it does by itself.
void publishForgetting(const Arguments& arguments) {
  dividere::connection::keepLargeBlocks(false);
  publish(arguments);
}

// An XPUB is a PUB that can be asked whether its subscribers are there, once, before anything is measured.
void publishBare(const Arguments&) {
  BareSocket socket(ZMQ_XPUB);
  socket.set(ZMQ_XPUB_VERBOSE, 1);
  socket.set(ZMQ_XPUB_NODROP, 1);
  tell(socket.bind("tcp://127.0.0.1:*"));
  std::size_t there = 0;
  obey(
      [&](std::size_t subscribers) {
        for (; there < subscribers; ++there) socket.receive();
      },
      [&](const Sample& sample) { socket.send(sample); });
}

/// A publisher's process and the subscribers here.
template <class Subscriber>
class Channel {
 public:
  template <class Make>
  Channel(const char* role, std::size_t subscribers, const Make& make) : publisher_({role}) {
    const std::string endpoint = publisher_.line();
    for (std::size_t i = 0; i < subscribers; ++i) subscribers_.push_back(make(endpoint));
    publisher_.ask("await " + std::to_string(subscribers));
  }

  /// Messages a second that arrive, all subscribers together.
  double rate(std::size_t bytes, std::size_t count) {
    publisher_.say("send " + std::to_string(bytes) + " " + std::to_string(count));
    Sample sample;
    receive(subscribers_.front(), sample);
    const auto start = Clock::now();
    for (std::size_t i = 1; i < count; ++i) receive(subscribers_.front(), sample);
    // The others' have come meanwhile, into their queues.
    for (std::size_t s = 1; s < subscribers_.size(); ++s) {
      for (std::size_t i = 0; i < count; ++i) receive(subscribers_[s], sample);
    }
    return static_cast<double>(count * subscribers_.size() - 1) / secondsSince(start);
  }

  double publisherKiB() const { return residentKiB(publisher_.pid()); }

 private:
  static void receive(dividere::messaging::Subscriber& subscriber, Sample& sample) { subscriber.recvInto(sample); }
  static void receive(BareSocket& socket, Sample& sample) { socket.receive(sample); }

  Child publisher_;
  std::vector<Subscriber> subscribers_;
};

/// One thread reads them all, one subscriber after the other: what waits with the others is not to hold up the publisher.
int queueFor(std::size_t subscribers) { return subscribers == 1 ? 1000 : 0; }

/// Of these types alone; none: of all, as the baseline's, whose messages do not say their type.
Channel<dividere::messaging::Subscriber> makeOurs(std::size_t subscribers, const std::vector<std::string>& types = {},
                                                  const char* role = "ours") {
  return {role, subscribers, [&](const std::string& endpoint) {
            dividere::connection::SocketOptions options;
            options.receiveQueue = queueFor(subscribers);
            return dividere::messaging::Subscriber(endpoint, types, options);
          }};
}

Channel<BareSocket> makeBare(std::size_t subscribers) {
  return {"bare", subscribers, [&](const std::string& endpoint) {
            BareSocket socket(ZMQ_SUB);
            socket.set(ZMQ_RCVHWM, queueFor(subscribers));
            socket.subscribe("");
            socket.connect(endpoint);
            return socket;
          }};
}

/// Does as "<bytes> <count>" says, and tells the rate.
template <class Subscriber>
void receive(Channel<Subscriber> channel) {
  for (std::string text; heard(text);) {
    std::istringstream words(text);
    std::size_t bytes = 0, count = 0;
    words >> bytes >> count;
    tell(std::to_string(channel.rate(bytes, count)));
  }
}

void receiveForgetting(const Arguments&) {
  dividere::connection::keepLargeBlocks(false);
  receive(makeOurs(1, {}, "publish forgetting"));
}

std::size_t countFor(double rate) {
  return static_cast<std::size_t>(rate * 1.5 * std::chrono::duration<double>(turn()).count()) + 20;
}

void measureSmall(std::size_t bytes) {
  Turns<double> others;
  const auto turns = inActs([&] {
    auto ours = makeOurs(1);
    auto filtered = makeOurs(1, dividere::messaging::types<Sample>());
    auto bare = makeBare(1);
    const auto count = countFor(bare.rate(bytes, 10000));
    const auto bareRate = [&] { return bare.rate(bytes, count); };
    const auto filteredRate = [&] { return filtered.rate(bytes, count); };
    others.append(interleave(rounds(), filteredRate, bareRate));
    return interleave(
        rounds(), [&] { return ours.rate(bytes, count); }, bareRate);
  });
  const std::string name = "pub/sub " + sizeName(bytes);
  row(name, "msgs/s", compare(turns), atLeast(bytes < 1024 ? 0.95 : 1.0));
  row(name + " of one type", "msgs/s", compare(others), Reach());
}

// Each receiver has a process of its own, as what one of them tells malloc() would be of use to all.
void measureLarge(std::size_t bytes) {
  Turns<double> others;
  const auto turns = inActs([&] {
    Child ours({"receive ours"}), forgetting({"receive forgetting"}), bare({"receive bare"});
    const auto rate = [&](Child& child, std::size_t count) {
      return std::stod(child.ask(std::to_string(bytes) + " " + std::to_string(count)));
    };
    const auto count = countFor(rate(bare, 100));
    const auto bareRate = [&] { return rate(bare, count); };
    others.append(interleave(
        rounds(), [&] { return rate(forgetting, count); }, bareRate));
    return interleave(
        rounds(), [&] { return rate(ours, count); }, bareRate);
  });
  const std::string name = "pub/sub " + sizeName(bytes);
  row(name, "msgs/s", compare(turns), atLeast(1.5));
  row(name + " without large blocks kept", "msgs/s", compare(others), Reach());
}

/// A field that nobody knows, of as many bytes as number and publisher have mostly.
constexpr std::string_view kPadding("\xF2\x3E\x08 padding", 11);

// What it costs to number messages and to count them: in all, and without the 11 bytes that are sent for it.
void measureNumbers(std::size_t bytes, const char* role, const char* baseline) {
  const auto turns = inActs([&] {
    auto numbered = makeOurs(1), unnumbered = makeOurs(1, {}, role);
    const auto count = countFor(unnumbered.rate(bytes, 10000));
    return interleave(
        rounds(), [&] { return numbered.rate(bytes, count); }, [&] { return unnumbered.rate(bytes, count); });
  });
  row("pub/sub " + sizeName(bytes) + " numbered; baseline " + baseline, "msgs/s", compare(turns), atLeast(0.97));
}

// What it costs to keep messages for who comes late.
void measureKept(std::size_t bytes) {
  const auto turns = inActs([&] {
    auto kept = makeOurs(1, {}, "kept"), forgotten = makeOurs(1);
    const auto count = countFor(forgotten.rate(bytes, 10000));
    return interleave(
        rounds(), [&] { return kept.rate(bytes, count); }, [&] { return forgotten.rate(bytes, count); });
  });
  row("pub/sub " + sizeName(bytes) + " kept; without as the baseline", "msgs/s", compare(turns), Reach());
}

// How the cost grows with those who listen.
void measureSubscribers() {
  for (const std::size_t subscribers : {1u, 10u, 100u}) {
    const std::size_t count = std::max<std::size_t>(20000 / subscribers, 500);
    std::vector<double> ourKiB, bareKiB;
    const auto turns = inActs([&] {
      auto ours = makeOurs(subscribers);
      auto bare = makeBare(subscribers);
      const auto rates = interleave(
          rounds(), [&] { return ours.rate(64, count); }, [&] { return bare.rate(64, count); });
      ourKiB.push_back(ours.publisherKiB());
      bareKiB.push_back(bare.publisherKiB());
      return rates;
    });
    const std::string name =
        "pub/sub 64 B to " + std::to_string(subscribers) + " subscriber" + (subscribers == 1 ? "" : "s");
    row(name, "msgs/s in all", compare(turns), atLeast(0.95));
    row(name + ": the publisher's memory", "KiB", {median(ourKiB), median(bareKiB), median(ourKiB) / median(bareKiB)});
  }
}

void measure() {
  for (const std::size_t bytes : {64u, 1u << 10}) measureSmall(bytes);
  for (const std::size_t bytes : {64u << 10, 1u << 20}) measureLarge(bytes);
  for (const std::size_t bytes : {64u, 1u << 10}) {
    measureNumbers(bytes, "unnumbered", "without");
    measureNumbers(bytes, "padded", "as long without");
  }
  for (const std::size_t bytes : {64u, 1u << 10}) measureKept(bytes);
  measureSubscribers();
}

}  // namespace bench

int main(int argc, char** argv) {
  return bench::run(argc, argv,
                    {{"ours", bench::publish},
                     {"kept", bench::publishKept},
                     {"unnumbered", [](const bench::Arguments&) { bench::publishUnnumbered({}); }},
                     {"padded", [](const bench::Arguments&) { bench::publishUnnumbered(bench::kPadding); }},
                     {"bare", bench::publishBare},
                     {"publish forgetting", bench::publishForgetting},
                     {"receive ours", [](const bench::Arguments&) { bench::receive(bench::makeOurs(1)); }},
                     {"receive bare", [](const bench::Arguments&) { bench::receive(bench::makeBare(1)); }},
                     {"receive forgetting", bench::receiveForgetting}},
                    bench::measure);
}
