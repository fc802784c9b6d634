// Work that outlives its workers: a picture is rendered tile by tile by four processes, and one of them is killed on
// the way. The tile it had goes to another; nobody who asked notices.

#include <png.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <complex>
#include <dividere.hpp>
#include <filesystem>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "mandelbrot.pb.h"

using namespace dividere::balancing;

constexpr int kWidth = 640, kHeight = 480, kTile = 40;  // pixels
constexpr int kAcross = kWidth / kTile, kTiles = kAcross * (kHeight / kTile);

RenderedTile render(const Tile& tile) {
  RenderedTile rendered;
  for (int y = tile.top(); y < tile.top() + kTile; ++y) {
    for (int x = tile.left(); x < tile.left() + kTile; ++x) {
      const std::complex<double> c((x - 450) / 200.0, (y - 240) / 200.0);
      std::complex<double> z = c;
      int steps = 0;
      while (steps < 255 && std::norm(z) < 4) z = z * z + c, ++steps;
      for (const int scale : {1, 3, 7}) *rendered.mutable_pixels() += static_cast<char>(255 - steps * scale % 256);
    }
  }
  return rendered;
}

Tile tileOf(int number) {
  Tile tile;
  tile.set_left(number % kAcross * kTile);
  tile.set_top(number / kAcross * kTile);
  return tile;
}

void place(const Tile& tile, const RenderedTile& rendered, std::string& picture) {
  for (int row = 0; row < kTile; ++row) {
    const auto from = rendered.pixels().begin() + row * kTile * 3;
    std::copy(from, from + kTile * 3, picture.begin() + ((tile.top() + row) * kWidth + tile.left()) * 3);
  }
}

int work(const char* endpoint) {
  Worker worker(endpoint);
  worker.on(render);
  worker.start();
  for (;;) pause();
}

std::string renderTogether() {
  Broker broker(0, 0);
  std::string name = "mandelbrot", back = "tcp://localhost:" + std::to_string(broker.backPort());
  std::vector<pid_t> workers(4);
  char* arguments[] = {name.data(), back.data(), nullptr};
  for (pid_t& worker : workers) posix_spawn(&worker, "/proc/self/exe", nullptr, nullptr, arguments, environ);

  std::string picture(kWidth * kHeight * 3, '\0');
  std::atomic<int> next{0}, done{0};
  std::vector<std::thread> askers;
  for (std::size_t i = 0; i < workers.size(); ++i) {  // as many tiles under way as there are workers
    askers.emplace_back([&] {
      Client client("tcp://localhost:" + std::to_string(broker.frontPort()));
      for (int number; (number = next++) < kTiles;) {
        const auto rendered = client.call<RenderedTile>(tileOf(number));
        if (!rendered) return;
        place(tileOf(number), *rendered, picture);
        const int finished = ++done;
        std::cerr << "\r" + std::to_string(finished) + " of " + std::to_string(kTiles) + " tiles" << std::flush;
        if (finished == kTiles / 3) kill(workers.front(), SIGKILL);
      }
    });
  }
  for (std::thread& asker : askers) asker.join();
  std::cerr << "\n";
  for (const pid_t worker : workers) {
    kill(worker, SIGKILL);
    waitpid(worker, nullptr, 0);
  }
  return picture;
}

std::string renderAlone() {
  std::string picture(kWidth * kHeight * 3, '\0');
  for (int number = 0; number < kTiles; ++number) place(tileOf(number), render(tileOf(number)), picture);
  return picture;
}

bool writePng(const std::string& path, const std::string& picture) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = kWidth;
  image.height = kHeight;
  image.format = PNG_FORMAT_RGB;
  return png_image_write_to_file(&image, path.c_str(), 0, picture.data(), 0, nullptr) != 0;
}

std::string readPng(const std::string& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_file(&image, path.c_str())) return "";
  image.format = PNG_FORMAT_RGB;
  std::string picture(PNG_IMAGE_SIZE(image), '\0');
  return png_image_finish_read(&image, nullptr, picture.data(), 0, nullptr) ? picture : "";
}

int main(int argc, char** argv) {
  if (argc > 1) return work(argv[1]);

  const std::string path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "mandelbrot.png";
  if (!writePng(path, renderTogether())) return 1;
  std::cerr << "The picture is " << path << "\n";
  const bool same = readPng(path) == renderAlone();
  std::cout << kTiles << " tiles by four processes, one of them killed on the way: the picture is "
            << (same ? "the same as one rendered alone" : "not what it should be") << "\n";
  return same ? 0 : 1;
}
