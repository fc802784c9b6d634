#pragma once

// A Description as it travels (proto/dividere.proto, doc/wire.md).

#include <string>
#include <string_view>

#include "../describe.hpp"

namespace dividere::detail {

struct DescribeReq {
  static constexpr std::string_view kType = "DescribeReq";
  std::string knownHash = {};

  std::string encode() const;
  bool decode(std::string_view bytes);
};

constexpr std::string_view kDescriptionType = "Description";

std::string encodeDescription(const Description& description);

/// False if the bytes are no Description.
bool decodeDescription(std::string_view bytes, Description& description);

}  // namespace dividere::detail
