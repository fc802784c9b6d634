#include "frame_memory.hpp"

#include <atomic>
#include <cstdlib>

#include "../core/thread_sanitizer.hpp"

namespace dividere::detail {

constexpr std::size_t kInside = 33;  // so many bytes libzmq keeps in the zmq_msg_t itself
constexpr std::size_t kSmallestBlock = 128;
constexpr std::size_t kBlockSizes = 5;  // each twice as large as the one before
constexpr std::size_t kMostKept = 1 << 20;

/// Memory that is no frame's at the moment.
struct Block {
  Block* next;
};

/// Blocks of one size that came back, from any thread, for the thread that takes them all.
struct Shelf {
  std::atomic<Block*> top;
  std::atomic<std::size_t> bytes;  // about: what comes while others are taken is not counted

  void put(Block* block, std::size_t size) noexcept {
    if (bytes.load(std::memory_order_relaxed) >= kMostKept) return std::free(block);
    bytes.fetch_add(size, std::memory_order_relaxed);
    block->next = top.load(std::memory_order_relaxed);
    while (!top.compare_exchange_weak(block->next, block, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }

  Block* takeAll() noexcept {
    if (!top.load(std::memory_order_relaxed)) return nullptr;
    bytes.store(0, std::memory_order_relaxed);
    return top.exchange(nullptr, std::memory_order_acquire);
  }
};

// Neither is destroyed: frames are let go of, and sent, until the very end.
static Shelf shelves[kBlockSizes];
static thread_local Block* ownBlocks[kBlockSizes];

/// Frees the blocks of a thread that ends.
struct OwnBlocksKeeper {
  ~OwnBlocksKeeper() {
    for (Block*& first : ownBlocks) {
      while (Block* block = first) {
        first = block->next;
        std::free(block);
      }
    }
  }
};

static std::size_t sizeOf(std::size_t shelf) { return kSmallestBlock << shelf; }

static void giveBack(void* data, void* shelf) {
  takeOver(data);
  const auto index = static_cast<std::size_t>(static_cast<Shelf*>(shelf) - shelves);
  shelves[index].put(static_cast<Block*>(data), sizeOf(index));
}

static Block* takeBlock(std::size_t shelf) {
  Block*& own = ownBlocks[shelf];
  if (!own) {
    static thread_local OwnBlocksKeeper keeper;  // made at the first of these calls
    own = shelves[shelf].takeAll();
  }
  Block* const block = own;
  if (!block) return static_cast<Block*>(std::malloc(sizeOf(shelf)));
  own = block->next;
  return block;
}

bool makeMessage(zmq_msg_t& message, std::size_t bytes) noexcept {
  std::size_t shelf = 0;
  while (shelf < kBlockSizes && sizeOf(shelf) < bytes) ++shelf;
  if (bytes <= kInside || shelf == kBlockSizes) return zmq_msg_init_size(&message, bytes) == 0;
  Block* const block = takeBlock(shelf);
  if (!block) return false;
  if (zmq_msg_init_data(&message, block, bytes, giveBack, &shelves[shelf]) == 0) return true;
  std::free(block);
  return false;
}

}  // namespace dividere::detail
