#pragma once

// Static objects that outlive all others.

#include <new>
#include <utility>

namespace dividere::detail {

/// A static object whose destructor never runs: threads, and static objects of the program, may use it until the very
/// end.
///
///     static NeverDestroyed<std::mutex> mutex;
///     return *mutex;
template <class T>
class NeverDestroyed {
 public:
  template <class... Arguments>
  explicit NeverDestroyed(Arguments&&... arguments) {
    new (room_) T(std::forward<Arguments>(arguments)...);
  }
  NeverDestroyed(const NeverDestroyed&) = delete;
  NeverDestroyed& operator=(const NeverDestroyed&) = delete;

  T& operator*() noexcept { return *std::launder(reinterpret_cast<T*>(room_)); }
  T* operator->() noexcept { return &**this; }

 private:
  alignas(T) unsigned char room_[sizeof(T)];
};

}  // namespace dividere::detail
