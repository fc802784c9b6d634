// A publisher is found by its name, wherever it is, also when it has moved. Whoever watches the name is told.

#include <chrono>
#include <condition_variable>
#include <dividere.hpp>
#include <iostream>
#include <memory>
#include <mutex>
#include <queue>
#include <string>

#include "clientMsgs.pb.h"

using namespace std::chrono_literals;
namespace messaging = dividere::messaging;
namespace registry = dividere::registry;

namespace {

/// Publishes on a free port, and is announced as "camera.front".
struct Camera {
  explicit Camera(const registry::AnnouncementOptions& options)
      : announced("camera.front", publisher.port(), "publisher", options) {}

  messaging::Publisher publisher{"tcp://*:*"};
  registry::Announcement announced;
};

/// What the watch tells, in its own thread, for main() to print.
class News {
 public:
  void add(const std::string& line) {
    const std::lock_guard<std::mutex> lock(mutex_);
    lines_.push(line);
    come_.notify_one();
  }

  std::string next() {
    std::unique_lock<std::mutex> lock(mutex_);
    come_.wait(lock, [this] { return !lines_.empty(); });
    std::string line = lines_.front();
    lines_.pop();
    return line;
  }

 private:
  std::mutex mutex_;
  std::condition_variable come_;
  std::queue<std::string> lines_;
};

}  // namespace

int main() {
  registry::ServerOptions anywhere;
  anywhere.port = 0;
  registry::Server server(anywhere);
  registry::AnnouncementOptions options;
  options.registries = {{"localhost", server.port()}};

  News news;
  registry::Watch watch =
      registry::Client(options.registries)
          .watch("camera.*", [&](const registry::ServiceAddress& address, bool isThere) {
            news.add("the " + address.kind + " " + address.name + (isThere ? " has come" : " has gone"));
          });

  registry::Subscriber images("camera.front", messaging::types<Msg01>(), {}, options.registries);
  for (const char* where : {"one port", "another port"}) {
    Camera camera(options);
    std::cout << news.next() << "\n";
    if (!images.waitForPublishers(1, 10s) || !camera.publisher.waitForSubscribers(1, 10s)) return 1;
    Msg01 image;
    image.set_field1(where);
    camera.publisher.send(image);
    std::cout << "an image from " << images.recv<Msg01>().field1() << "\n";
    camera.announced.stop();
    std::cout << news.next() << "\n";
  }
}
