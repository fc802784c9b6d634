#include "frame_memory.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include "../../core/detail/thread_sanitizer.hpp"
#include "large_blocks.hpp"

namespace dividere::detail {

// libzmq keeps that much within the message itself.
constexpr std::size_t kLargestWithin = 33;
// There are blocks of 128, 256, ... 2048 bytes.
constexpr std::size_t kSmallestBlock = 128;
constexpr std::size_t kLargestBlock = 2048;
constexpr std::size_t kBlockSizes = 5;
// They go from thread to thread in bundles.
constexpr std::size_t kBlocksInBundle = 32;
constexpr std::size_t kBundlesOnShelf = 16;

/// Memory that is no frame's at the moment.
struct Block {
  Block* next;
};

static void freeAll(Block* blocks) noexcept {
  while (blocks) std::free(std::exchange(blocks, blocks->next));
}

/// Bundles of blocks of one size, for whichever thread takes them.
struct Shelf {
  std::array<std::atomic<Block*>, kBundlesOnShelf> places;

  void put(Block* bundle) noexcept {
    for (auto& place : places) {
      Block* nothing = nullptr;
      if (place.load(std::memory_order_relaxed)) continue;
      if (place.compare_exchange_strong(nothing, bundle, std::memory_order_release, std::memory_order_relaxed)) return;
    }
    freeAll(bundle);
  }

  Block* take() noexcept {
    for (auto& place : places) {
      if (!place.load(std::memory_order_relaxed)) continue;
      if (Block* const bundle = place.exchange(nullptr, std::memory_order_acquire)) return bundle;
    }
    return nullptr;
  }
};

/// Blocks of one size that one thread has at hand.
struct Rack {
  Block* open;       // those that are taken from and given to
  std::size_t room;  // how many more of them make a bundle
  Block* bundle;     // another one, whole, or null
};

// None of them is destroyed: frames are made, and let go of, until the very end.
static std::array<Shelf, kBlockSizes> shelves;
static thread_local std::array<Rack, kBlockSizes> racks;
static thread_local bool isThreadOver = false;

/// Frees the blocks of a thread that ends.
struct RacksKeeper {
  ~RacksKeeper() {
    isThreadOver = true;
    for (Rack& rack : racks) {
      freeAll(rack.open);
      freeAll(rack.bundle);
      rack = {};
    }
  }
};

/// False if this thread ends: then nobody would free what it keeps.
static bool mayKeep() noexcept {
  static thread_local RacksKeeper keeper;
  return !isThreadOver;
}

// Not inlined, as most calls of takeBlock() and giveBlock() need neither of them.

[[gnu::noinline]] static bool refill(Rack& rack, Shelf& shelf) noexcept {
  if (!mayKeep()) return false;
  rack.open = rack.bundle ? std::exchange(rack.bundle, nullptr) : shelf.take();
  rack.room = rack.open ? 0 : kBlocksInBundle;
  return rack.open != nullptr;
}

[[gnu::noinline]] static bool makeRoom(Rack& rack, Shelf& shelf) noexcept {
  if (!mayKeep()) return false;
  if (rack.bundle) shelf.put(rack.bundle);
  rack.bundle = std::exchange(rack.open, nullptr);
  rack.room = kBlocksInBundle;
  return true;
}

static void* takeBlock(std::size_t size) noexcept {
  Rack& rack = racks[size];
  if (!rack.open && !refill(rack, shelves[size])) return std::malloc(kSmallestBlock << size);
  ++rack.room;
  return std::exchange(rack.open, rack.open->next);
}

static void giveBlock(void* data, void* hint) {
  takeOver(data);
  const auto size = reinterpret_cast<std::uintptr_t>(hint);
  Rack& rack = racks[size];
  if (rack.room == 0 && !makeRoom(rack, shelves[size])) return std::free(data);
  --rack.room;
  rack.open = new (data) Block{rack.open};
}

bool makeMessage(zmq_msg_t& message, std::size_t bytes) noexcept {
  if (bytes >= kLargeFrame) sawLargeFrame();
  if (bytes <= kLargestWithin || bytes > kLargestBlock) return zmq_msg_init_size(&message, bytes) == 0;
  std::uintptr_t size = 0;
  while (bytes > kSmallestBlock << size) ++size;
  void* const block = takeBlock(size);
  if (!block) return false;
  if (zmq_msg_init_data(&message, block, bytes, giveBlock, reinterpret_cast<void*>(size)) == 0) return true;
  std::free(block);
  return false;
}

}  // namespace dividere::detail
