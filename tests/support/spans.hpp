#pragma once

#include <dividere.hpp>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "eventually.hpp"

namespace support {

/// Takes the spans of this process as long as it lives.
class Spans {
 public:
  Spans() {
    dividere::setSpanHandler([this](const dividere::Span& span) {
      const std::lock_guard<std::mutex> lock(mutex_);
      all_.push_back(span);
    });
  }
  ~Spans() { dividere::setSpanHandler(nullptr); }
  Spans(const Spans&) = delete;
  Spans& operator=(const Spans&) = delete;

  std::vector<dividere::Span> all() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return all_;
  }

  /// That of this component, once it has ended.
  dividere::Span of(const std::string& component) const {
    std::optional<dividere::Span> found;
    const bool isThere = eventually([&] {
      for (const dividere::Span& span : all()) {
        if (span.component == component) found = span;
      }
      return found.has_value();
    });
    return isThere ? *found : dividere::Span();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<dividere::Span> all_;
};

}  // namespace support
