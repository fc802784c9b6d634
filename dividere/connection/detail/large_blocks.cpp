#include "large_blocks.hpp"

#include <atomic>
#include <cstdlib>
#include <string_view>

#include "../context.hpp"

namespace dividere::detail {

enum class LargeBlocks { asEnvironmentSays, kept, settled };

static std::atomic<LargeBlocks> largeBlocks{LargeBlocks::asEnvironmentSays};
static std::atomic<unsigned> timesTold{0};

/// glibc maps each block of 128 KiB or more anew and gives it back when it is freed, and also trims its heaps to that size:
/// so each large frame costs the page faults of all its bytes, at both ends. When such a block is freed for the first time
/// glibc raises both limits by itself, up to that block's size and twice that. A block of nearly the most that it keeps
/// raises them at once. No page of it is touched. Where the program has set limits of its own they stay, and another malloc()
/// does not mind.
static void tellMallocToKeepBlocks() noexcept {
#ifdef __GLIBC__
  void* volatile block = std::malloc(std::size_t{31} << 20);  // volatile: or the compiler leaves both calls out
  std::free(block);
  timesTold.fetch_add(1, std::memory_order_relaxed);
#endif
}

static bool environmentForbids() noexcept {
  const char* const wanted = std::getenv("DIVIDERE_KEEP_LARGE_BLOCKS");
  return wanted && std::string_view(wanted) == "0";
}

void sawLargeFrame() noexcept {
  if (largeBlocks.load(std::memory_order_relaxed) == LargeBlocks::settled) return;
  const LargeBlocks wanted = largeBlocks.exchange(LargeBlocks::settled);
  if (wanted == LargeBlocks::settled) return;  // another thread was faster
  if (wanted == LargeBlocks::kept || !environmentForbids()) tellMallocToKeepBlocks();
}

unsigned timesToldToKeepBlocks() noexcept { return timesTold.load(std::memory_order_relaxed); }

}  // namespace dividere::detail

namespace dividere::connection {

void keepLargeBlocks(bool keep) noexcept {
  detail::largeBlocks = keep ? detail::LargeBlocks::kept : detail::LargeBlocks::settled;
}

}  // namespace dividere::connection
