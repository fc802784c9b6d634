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

/// Prints messages of one type on stdout: JSON at once, columns when it is finished.
class Printer {
 public:
  explicit Printer(bool json) : json_(json) {}

  /// Fields without a value are an empty cell, and a zero in JSON.
  void print(const google::protobuf::Message& record);

  /// Prints what has been held back.
  void finish();

 private:
  std::vector<std::vector<std::string>> rows_;
  bool json_;
};

}  // namespace tool
