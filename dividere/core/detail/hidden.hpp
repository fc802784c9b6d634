#pragma once

#include <memory>

namespace dividere::detail {

/// What a public class keeps out of sight, of a type that only the implementation knows; null once moved from. A
/// std::unique_ptr would do in its place, but with those every source that includes this takes a sixth longer to compile.
template <class T>
class Hidden {
 public:
  Hidden() noexcept = default;
  Hidden(std::unique_ptr<T> object) noexcept : object_(object.release()) {}
  Hidden(Hidden&& other) noexcept : object_(other.release()) {}
  Hidden& operator=(Hidden&& other) noexcept {
    T* const object = other.release();
    T* const former = object_;
    object_ = object;
    delete former;
    return *this;
  }
  ~Hidden() {
    static_assert(sizeof(T) > 0, "destroyed where its type is not known");
    delete object_;
  }

  T* get() const noexcept { return object_; }
  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }

  /// From now on the caller's.
  T* release() noexcept {
    T* const object = object_;
    object_ = nullptr;
    return object;
  }

 private:
  T* object_ = nullptr;
};

}  // namespace dividere::detail
