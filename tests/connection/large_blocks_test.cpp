// Memory of large frames stays in the process: malloc() is told so, once.
#include <doctest/doctest.h>

#include <dividere.hpp>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/limit.hpp"

using namespace support;

namespace {

/// How often malloc() was told, after each of these words (see large_blocks_process.cpp).
std::string told(const std::vector<std::string>& words, const std::vector<std::string>& environment = {}) {
  return Program("large_blocks", words, environment).output();
}

#ifdef __GLIBC__
constexpr const char* kOnce = "1";
#else
constexpr const char* kOnce = "0";
#endif

const std::string kAlmostLarge = "65535", kLarge = "65536";

}  // namespace

TEST_CASE("the first frame of 64 KiB that is sent tells malloc() to keep large blocks, and no other frame does") {
  const std::string once = kOnce;
  CHECK(told({"send", kAlmostLarge, "send", kLarge, "send", kLarge, "send", "1000000"}) == "0" + once + once + once);
}

TEST_CASE("so does the first one that is received") {
  dividere::connection::Publisher publisher("tcp://127.0.0.1:*");
  Program program("large_blocks", {"receive", publisher.endpoint(), "send", kLarge});
  REQUIRE(publisher.waitForSubscribers(1, kLimit));
  publisher.send(std::string(std::stoul(kLarge), 'x'));
  CHECK(program.output() == std::string(kOnce) + kOnce);
}

TEST_CASE(
    "keepLargeBlocks(false), or DIVIDERE_KEEP_LARGE_BLOCKS=0 in the environment, forbids it, and the former comes "
    "first") {
  const std::vector<std::string> forbidding{"DIVIDERE_KEEP_LARGE_BLOCKS=0"};
  CHECK(told({"forget", "send", kLarge}) == "00");
  CHECK(told({"send", kLarge}, forbidding) == "0");
  CHECK(told({"keep", "send", kLarge}, forbidding) == std::string("0") + kOnce);
  CHECK(told({"send", kLarge}, {"DIVIDERE_KEEP_LARGE_BLOCKS=1"}) == kOnce);
}
