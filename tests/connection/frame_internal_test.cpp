#include <dividere.hpp>
#include <doctest/doctest.h>
#include <malloc.h>

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "dividere/connection/frame.hpp"

using dividere::detail::Frame;

namespace {

std::string patterned(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + size);
  return bytes;
}

std::size_t bytesInUse() { return ::mallinfo2().uordblks; }

/// Not where a sanitizer has a malloc() of its own.
bool canMeasure() {
  const auto before = bytesInUse();
  const std::vector<char> bytes(10000);
  return bytesInUse() >= before + bytes.size();
}

}  // namespace

TEST_CASE("frames of every size hold their bytes, beside others of their size, also when moved") {
  std::vector<std::string> contents;
  std::vector<Frame> frames;
  for (const std::size_t size : {0u, 1u, 32u, 33u, 34u, 127u, 128u, 129u, 992u, 993u, 1024u, 2047u, 2048u, 2049u, 100000u}) {
    for (int twice = 0; twice < 2; ++twice) {
      contents.push_back(patterned(size));
      frames.emplace_back(contents.back());
      CHECK(frames.back().size() == size);
    }
  }
  for (std::size_t i = 0; i < frames.size(); ++i) CHECK(frames[i].view() == contents[i]);
}

TEST_CASE("the memory of frames that another thread lets go of is used again") {
  if (!canMeasure()) return;
  const auto atFirst = bytesInUse();
  std::vector<Frame> frames(500);
  const auto fill = [&] {
    for (Frame& frame : frames) frame = Frame(std::size_t{2000});
  };
  fill();
  const auto filled = bytesInUse();
  std::thread([&] { frames.clear(); }).join();
  CHECK(bytesInUse() > atFirst + 400 * 2000);  // it is kept ...
  frames.resize(500);
  fill();
  CHECK(bytesInUse() < filled + 100 * 1000);  // ... and taken
}

TEST_CASE("memory is kept up to a bound, and freed with the thread that has it") {
  const auto burst = [] {
    std::vector<Frame> frames;
    for (int i = 0; i < 5000; ++i) frames.emplace_back(std::size_t{2000});  // ten million bytes
  };
  const auto atFirst = bytesInUse();
  std::thread(burst).join();
  CHECK(bytesInUse() < atFirst + 2500000);
  for (int i = 0; i < 5; ++i) {
    std::thread([&] {
      burst();
      Frame(std::size_t{2000});  // now all that is kept is this thread's
    }).join();
  }
  CHECK(bytesInUse() < atFirst + 2500000);
}
