// How results look: JSON, one object a line, or columns of text.
//
// SPDX-License-Identifier: MIT

#pragma once

#include <google/protobuf/message.h>

#include <string>
#include <vector>

namespace tool {

/// On one line, with zeros.
std::string asJson(const google::protobuf::Message& record);

/// Prints messages of one type on stdout.
class Printer {
 public:
  enum class Layout {
    table,   // when it ends: with a header, each column as wide as its widest cell
    stream,  // each at once
  };

  explicit Printer(bool json, Layout layout = Layout::table) : json_(json), layout_(layout) {}

  /// Fields without a value are an empty cell, and a zero in JSON.
  void print(const google::protobuf::Message& record);

  /// Prints what has been held back.
  void finish();

 private:
  std::vector<std::vector<std::string>> rows_;
  bool json_;
  Layout layout_;
};

}  // namespace tool
