#pragma once

// What the thread sanitizer has to be told.

#if defined(__SANITIZE_THREAD__) && !defined(DIVIDERE_THREAD_SANITIZER)
#define DIVIDERE_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) && !defined(DIVIDERE_THREAD_SANITIZER)
#define DIVIDERE_THREAD_SANITIZER 1
#endif
#endif

#ifdef DIVIDERE_THREAD_SANITIZER
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);
#endif

namespace dividere::detail {

#ifdef DIVIDERE_THREAD_SANITIZER
constexpr bool kThreadSanitizer = true;
#else
constexpr bool kThreadSanitizer = false;
#endif

// A message is filled by one thread and read by another (over inproc), or let go of, in the same memory. libzmq puts the
// one before the other, but being compiled without the sanitizer it does so unseen.

inline void handOver([[maybe_unused]] void* memory) {
#ifdef DIVIDERE_THREAD_SANITIZER
  __tsan_release(memory);
#endif
}

inline void takeOver([[maybe_unused]] void* memory) {
#ifdef DIVIDERE_THREAD_SANITIZER
  __tsan_acquire(memory);
#endif
}

}  // namespace dividere::detail
