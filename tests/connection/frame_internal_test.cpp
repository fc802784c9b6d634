#include <doctest/doctest.h>
#include <dividere.hpp>

#include <cstddef>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "dividere/connection/detail/frame.hpp"
#include "dividere/connection/detail/process.hpp"
#include "support/memory.hpp"

using dividere::detail::Frame;

namespace {

std::string patterned(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + size);
  return bytes;
}

std::size_t bytesInUse() { return static_cast<std::size_t>(support::mallocInfo().uordblks); }

/// Not where a sanitizer has a malloc() of its own. Sockets that were closed before have let go of theirs then.
bool canMeasure() {
  dividere::detail::Process::current().watcher.awaitAllSent();
  const auto before = bytesInUse();
  const std::vector<char> bytes(10000);
  return bytesInUse() >= before + bytes.size();
}

}  // namespace

TEST_CASE("frames of every size hold their bytes, beside others of their size, also when moved") {
  std::vector<std::string> contents;
  std::vector<Frame> frames;
  for (const std::size_t size :
       {0u, 1u, 33u, 34u, 128u, 129u, 256u, 257u, 512u, 513u, 1024u, 1025u, 2048u, 2049u, 100000u}) {
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
  for (const std::size_t size : {100u, 200u, 400u, 800u, 2000u}) {
    CAPTURE(size);
    std::vector<Frame> others;  // take what was kept before
    for (int i = 0; i < 600; ++i) others.emplace_back(size);
    // Other threads of the process have their part in what is measured, now and then.
    bool isKept = false, isTaken = false;
    for (int round = 0; round < 20 && !(isKept && isTaken); ++round) {
      std::vector<Frame> frames(500);
      const auto atFirst = bytesInUse();
      const auto fill = [&] {
        for (Frame& frame : frames) frame = Frame(size);
      };
      fill();
      const auto filled = bytesInUse();
      std::thread([&] { frames.clear(); }).join();
      isKept = bytesInUse() > atFirst + 400 * size;
      frames.resize(500);
      fill();
      isTaken = bytesInUse() < filled + 100 * size;
      others.insert(others.end(), std::make_move_iterator(frames.begin()), std::make_move_iterator(frames.end()));
    }
    CHECK(isKept);
    CHECK(isTaken);
  }
}

TEST_CASE("memory is kept up to a bound, and what a thread has of it is freed with it") {
  constexpr std::size_t kSize = 2000, kBound = 2500000;
  const auto fill = [&](std::vector<Frame>& frames) {
    for (int i = 0; i < 5023; ++i) frames.emplace_back(kSize);  // ten million bytes in all, and no whole bundles
  };
  const auto atFirst = bytesInUse();
  {
    std::vector<Frame> frames;
    fill(frames);
  }
  CHECK(bytesInUse() < atFirst + kBound);
  for (int i = 0; i < 100; ++i) {
    std::vector<Frame> frames;
    std::thread([&] { fill(frames); }).join();
    std::thread([&] { frames.clear(); }).join();
    std::thread([&] {
      static thread_local std::vector<Frame> last;
      Frame(std::size_t(kSize));  // what the thread has is made after `last`, and freed before
      fill(last);
    }).join();
  }
  CHECK(bytesInUse() < atFirst + kBound);
}
