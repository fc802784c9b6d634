#include "frame_memory.hpp"

#include <atomic>
#include <cstdlib>

#include "../core/thread_sanitizer.hpp"

namespace dividere::detail {

// What is no larger, libzmq's own 40 bytes included, glibc's malloc() keeps at hand in each thread.
constexpr std::size_t kLargestOfMalloc = 992;
constexpr std::size_t kBlockSize = 2048;
constexpr std::size_t kMostKept = (1 << 20) / kBlockSize;

/// Memory that is no frame's at the moment.
struct Block {
  Block* next;
};

/// Blocks that came back, from any thread, for the thread that takes them all.
struct Shelf {
  std::atomic<Block*> top;
  std::atomic<std::size_t> count;  // about: what comes while others are taken is not counted

  void put(Block* block) noexcept {
    if (count.load(std::memory_order_relaxed) >= kMostKept) return std::free(block);
    count.fetch_add(1, std::memory_order_relaxed);
    block->next = top.load(std::memory_order_relaxed);
    while (!top.compare_exchange_weak(block->next, block, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }

  Block* takeAll() noexcept {
    if (!top.load(std::memory_order_relaxed)) return nullptr;
    Block* const all = top.exchange(nullptr, std::memory_order_acquire);
    count.store(0, std::memory_order_relaxed);
    return all;
  }
};

// Neither is destroyed: frames are let go of, and sent, until the very end.
static Shelf shelf;
static thread_local Block* ownBlocks = nullptr;

static Block* takeOwn() {
  Block* const block = ownBlocks;
  if (block) ownBlocks = block->next;
  return block;
}

/// Frees the blocks of a thread that ends.
struct OwnBlocksKeeper {
  ~OwnBlocksKeeper() {
    while (Block* block = takeOwn()) std::free(block);
  }
};

static Block* takeBlock() {
  if (Block* block = takeOwn()) return block;
  static thread_local OwnBlocksKeeper keeper;  // made at the first of these calls
  ownBlocks = shelf.takeAll();
  if (Block* block = takeOwn()) return block;
  return static_cast<Block*>(std::malloc(kBlockSize));
}

static void giveBack(void* data, void*) {
  takeOver(data);
  shelf.put(static_cast<Block*>(data));
}

bool makeMessage(zmq_msg_t& message, std::size_t bytes) noexcept {
  if (bytes <= kLargestOfMalloc || bytes > kBlockSize) return zmq_msg_init_size(&message, bytes) == 0;
  Block* const block = takeBlock();
  if (!block) return false;
  if (zmq_msg_init_data(&message, block, bytes, giveBack, nullptr) == 0) return true;
  std::free(block);
  return false;
}

}  // namespace dividere::detail
