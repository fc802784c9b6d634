#include "multipart.hpp"

#include <string>
#include <utility>

namespace dividere::detail {

void Multipart::assign(const connection::Route& route, Frame&& payload) {
  clear();
  reserve(route.size() + 1);
  for (const std::string& step : route) push(std::string_view(step));
  push(std::move(payload));
}

std::size_t Multipart::bytes() const {
  std::size_t sum = 0;
  for (const Frame& frame : frames_) sum += frame.size();
  return sum;
}

void Multipart::copyRouteTo(connection::Route& route) const {
  route.clear();
  for (std::size_t i = 0; i + 1 < frames_.size(); ++i) route.push_back(frames_[i].str());
}

Frame Multipart::takePayload() {
  Frame payload = std::move(frames_.back());
  frames_.pop_back();
  return payload;
}

}  // namespace dividere::detail
