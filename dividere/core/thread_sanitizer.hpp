#pragma once

// What the thread sanitizer has to be told. Implementation only.

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

// A message over inproc is filled by one thread and read by another, in the same memory. libzmq puts the one before the
// other, but being compiled without the sanitizer it does so unseen.

template <class Frame>
void aboutToSend([[maybe_unused]] Frame& frame) {
#ifdef DIVIDERE_THREAD_SANITIZER
  __tsan_release(frame.data());
#endif
}

template <class Frame>
void haveReceived([[maybe_unused]] Frame& frame) {
#ifdef DIVIDERE_THREAD_SANITIZER
  __tsan_acquire(frame.data());
#endif
}

}  // namespace dividere::detail
